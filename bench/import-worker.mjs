/** The process whose time and memory P7 measures: opens the gateway as `gateway import` does, and imports one file. */
import { built } from './gateway-build.mjs';

const { readConfig } = await built('config.js');
const { openGateway } = await built('gateway.js');
process.once('message', async ({ file, item }) => {
  try {
    const gateway = await openGateway(readConfig());
    const started = performance.now();
    const { accepted, rejected } = await gateway.intake.importFile({
      item,
      path: file,
      rejectsPath: `${file}.rejects.csv`,
      dryRun: false,
    });
    const seconds = (performance.now() - started) / 1000;
    await gateway.close();
    process.send(rejected === 0 ? { seconds, accepted } : { error: `${rejected} rows were rejected` });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
