/** What a seeded test database holds: the bundled catalog published, the sample files imported, the demo's three clients. */
import { loadDemo } from '../../src/cli/demo.ts';
import type { Config } from '../../src/config.ts';
import { openGateway } from '../../src/gateway.ts';

/** Fills the migrated, otherwise empty database of `config`; leaves no connection open. */
export async function seedTemplate(config: Config): Promise<void> {
  const gateway = await openGateway(config);
  try {
    await loadDemo(gateway);
  } finally {
    await gateway.close();
  }
}
