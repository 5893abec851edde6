/** The gateway and its database killed again and again under load: `npm run hammer` does it ten times, the suite twice. */
import { expect, it } from '@jest/globals';
import { hammer, RECOVERED_MS, report } from './hammer.ts';

const ROUNDS = Number(process.env['HAMMER_ROUNDS'] ?? '2');
/** A round takes some ten seconds, and several times that on a machine with other work. */
const ROUND_MS = 180_000;

it(
  `loses no event and no data when the gateway and its database are killed ${String(ROUNDS)} times under load`,
  async () => {
    const shown = process.env['HAMMER_ROUNDS'] !== undefined;
    const hammered = await hammer(ROUNDS, ({ round, answers }) => {
      if (shown) process.stderr.write(`Round ${String(round)} of ${String(ROUNDS)}: ${String(answers)} answers\n`);
    });
    if (shown) process.stderr.write(`\n${report(hammered)}\n`);
    const { unlogged, unclear, findings, different } = hammered;
    expect({ unlogged, unclear, findings, different }).toEqual({ unlogged: [], unclear: [], findings: [], different: [] });
    for (const { recoveryMs, answers } of hammered.rounds) {
      expect(recoveryMs).toBeLessThan(RECOVERED_MS);
      expect(answers).toBeGreaterThan(0);
    }
    expect(hammered.rounds).toHaveLength(ROUNDS);
  },
  120_000 + ROUNDS * ROUND_MS,
);
