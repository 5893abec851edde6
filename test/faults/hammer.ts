/**
 * Hammers a gateway with clients that read and departments that write, and a file that is imported, while the gateway and its database
 * are killed round after round. Then compares with a run in which nothing was killed.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import path from 'node:path';
import { z } from 'zod';
import { csv, CODES, PENALTY } from '../intake/given-intake.ts';
import { ended, runGateway, startGateway, startServing, type ServingCommand } from '../testkit/command-line.ts';
import { eventually } from '../testkit/eventually.ts';
import { PURPOSE } from '../testkit/serving.ts';
import { withDatabase } from '../testkit/test-server.ts';
import { keptData } from './kept-data.ts';
import { ask, Load } from './load.ts';
import { openOwnServer, type OwnServer } from './own-server.ts';
import { questions } from './questions.ts';

/** What the gateway promises, from the moment at which the database takes connections again. */
export const RECOVERED_MS = 5_000;
/** For conditions that only a fault keeps from coming true. */
const PATIENCE_MS = 120_000;
const CALLERS = 8;
const ROWS = 6_000;
const DISPUTES = 6;

export interface Round {
  readonly round: number;
  /** answers that gave something; refusals; requests that nobody answered */
  readonly answers: number;
  readonly refused: number;
  readonly unanswered: number;
  /** from the database taking connections again to the first answer that gave something */
  readonly recoveryMs: number;
  /** times the import was started until it came to its end */
  readonly imports: number;
  /** times that mutations were sent until each had its answer */
  readonly mutations: number;
}

export interface Hammered {
  readonly rounds: readonly Round[];
  /** what was given away without an event in the read log */
  readonly unlogged: readonly string[];
  /** answers that were neither a result nor a clear outage */
  readonly unclear: readonly string[];
  /** what `audit verify` and `statistics check` found */
  readonly findings: readonly string[];
  /** names of what differs from the run without faults */
  readonly different: readonly string[];
  readonly left: number;
}

const Ids = z.object({
  data: z.object({ records: z.object({ edges: z.array(z.object({ node: z.object({ id: z.string() }) })) }) }),
});

/** Everything that is written in a round, the same with and without faults. */
interface Work {
  readonly round: number;
  readonly file: string;
  readonly entries: readonly string[];
}

/** @param say told of each round as it ends */
export async function hammer(rounds: number, say: (round: Round) => void): Promise<Hammered> {
  const server = await openOwnServer({ demo: true });
  const calm = withDatabase(server.url, 'undisturbed');
  try {
    // Somebody's connection may still be ending.
    await eventually(async () => {
      await server.ask('CREATE DATABASE undisturbed TEMPLATE gateway');
    }, PATIENCE_MS);
    const storm = new Storm(server, await server.beside(questions));
    await storm.begin();
    let done: Round[];
    let work: Work[];
    try {
      const entries = await storm.entries();
      work = await Promise.all(Array.from({ length: rounds }, (_, at) => workOf(server.folder, at, entries)));
      done = [];
      for (const one of work) {
        const round = await storm.round(one);
        done.push(round);
        say(round);
      }
    } finally {
      await storm.end();
    }
    const rows = await server.ask('SELECT request_id AS id FROM access_events');
    const logged = new Set(rows.map(({ id }) => id));
    const findings: string[] = [];
    for (const command of [
      ['audit', 'verify'],
      ['statistics', 'check'],
    ]) {
      const { code, stdout, stderr } = await runGateway(command, { DATABASE_URL: server.url });
      if (code !== 0) findings.push(`gateway ${command.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`);
    }
    await undisturbed(calm, work, storm.headers);
    return {
      rounds: done,
      unlogged: storm.load.left.filter((id) => !logged.has(id)),
      unclear: storm.load.unclear,
      findings,
      different: differences(await keptData(server.url), await keptData(calm)),
      left: storm.load.left.length,
    };
  } finally {
    await server.close();
  }
}

async function workOf(folder: string, at: number, entries: readonly string[]): Promise<Work> {
  const file = path.join(folder, `round-${String(at + 1)}.csv`);
  const rows = Array.from({ length: ROWS }, (_, row) => ({
    ...PENALTY,
    unifiedSocialCreditCode: CODES[row % CODES.length] ?? '',
    penaltyDocNo: `内罚〔2026〕${String((at + 1) * 10_000 + row).padStart(6, '0')}号`,
  }));
  await writeFile(file, csv(rows));
  return { round: at + 1, file, entries: entries.slice(at * DISPUTES, (at + 1) * DISPUTES) };
}

function importArguments({ file }: Work): string[] {
  return ['import', 'OrganizationPenalty', file, '--rejects', `${file}.rejects.csv`];
}

const DISPUTE = 'mutation ($input: RaiseDisputeInput!) { raiseDispute(input: $input) { disputed } }';
const REPORT = 'mutation ($input: ReportUseInput!) { reportUse(input: $input) { id } }';

/**
 * Sends the mutations of a round, each until it has its answer: what came of one that nobody answered is not known, and its key says
 * that it is the same one.
 * @param queryId an answer of the same client
 * @returns how often one was sent
 */
async function mutate(address: () => string, headers: Record<string, string>, work: Work, queryId: string): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const wanted = work.entries.flatMap((entryId, at) => [
    {
      query: DISPUTE,
      variables: { input: { entryId, reason: `第${String(work.round)}轮`, idempotencyKey: `dispute-${entryId}` } },
    },
    {
      query: REPORT,
      variables: {
        input: {
          queryId,
          matterNumber: `H-${String(work.round)}-${String(at)}`,
          decision: '准予',
          idempotencyKey: `report-${String(work.round)}-${String(at)}`,
        },
      },
    },
  ]);
  let sent = 0;
  for (const one of wanted) {
    for (const until = Date.now() + PATIENCE_MS; ;) {
      sent += 1;
      const outcome = await ask(address(), agent, { ...one, headers });
      if (outcome.kind === 'answered' && outcome.status === 200 && outcome.codes.length === 0) break;
      const said = outcome.kind === 'answered' ? outcome.body : outcome.code;
      const passes = outcome.kind === 'unanswered' || outcome.codes.every((code) => code === 'SERVICE_UNAVAILABLE');
      if (!passes || Date.now() > until) throw new Error(`A mutation came to no end: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  agent.destroy();
  return sent;
}

interface Importing {
  /** how often it was started until it came to its end */
  readonly ended: Promise<number>;
  readonly kill: () => void;
  readonly over: () => boolean;
}

/** The same writing, and nothing killed. */
async function undisturbed(url: string, work: readonly Work[], headers: Record<string, string>): Promise<void> {
  const serving = await startServing([], { DATABASE_URL: url, LOG_LEVEL: 'silent' });
  try {
    const agent = new Agent();
    const read = await ask(serving.address, agent, { query: '{ viewer { id } }', headers });
    if (read.kind === 'unanswered') throw new Error(`The undisturbed gateway does not answer: ${read.code}`);
    for (const one of work) {
      const { code, stderr } = await runGateway(importArguments(one), { DATABASE_URL: url });
      if (code !== 0) throw new Error(`The undisturbed import failed: ${stderr}`);
      await mutate(() => serving.address, headers, one, read.requestId);
    }
  } finally {
    await serving.stop();
  }
}

function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name));
}

/** The gateway that is killed, its callers, and what becomes of them. */
class Storm {
  readonly headers: Record<string, string>;
  readonly #server: OwnServer;
  readonly #next: Awaited<ReturnType<typeof questions>>;
  #serving: ServingCommand | null = null;
  #load: Load | null = null;

  constructor(server: OwnServer, next: Awaited<ReturnType<typeof questions>>) {
    this.#server = server;
    this.#next = next;
    // The first caller is the department.
    this.headers = { ...next(0, 0).headers, ...PURPOSE };
  }

  get load(): Load {
    if (this.#load === null) throw new Error('Nobody asks yet');
    return this.#load;
  }

  async begin(): Promise<void> {
    await this.#serve();
    this.#load = new Load(this.#address, { callers: CALLERS, next: this.#next });
    await this.#answers(CALLERS);
  }

  async end(): Promise<void> {
    await this.#load?.stop();
    await this.#serving?.stop('SIGTERM');
  }

  /** Ids of entries that the department may object to. */
  async entries(): Promise<string[]> {
    const agent = new Agent();
    const query =
      '{ records(first: 300, filter: {items: ["OrganizationLicense", "OrganizationPenalty"]}) { edges { node { id } } } }';
    const outcome = await ask(this.#address, agent, { query, headers: this.headers });
    agent.destroy();
    if (outcome.kind === 'unanswered') throw new Error(`No entries: ${outcome.code}`);
    return Ids.parse(JSON.parse(outcome.body)).data.records.edges.map(({ node }) => node.id);
  }

  async round(work: Work): Promise<Round> {
    const from = this.load.outcomes.length;
    const queryId = await this.#read();
    const importing = this.#import(work);
    const mutating = mutate(() => this.#address, this.headers, work, queryId);
    // Both end in their own time; a failure must not be unheard until then.
    mutating.catch(() => undefined);
    importing.ended.catch(() => undefined);

    const written = await this.#writtenBeyond((work.round - 1) * ROWS, importing);
    importing.kill();

    // The next run of the import meets the end of the database, and the one after that does not notice the gateway's.
    await this.#writtenBeyond(written, importing);
    await this.#server.kill();
    await this.#refusals(CALLERS);
    await this.#server.start();
    const back = performance.now();
    await this.#answers(1);
    const recoveryMs = performance.now() - back;

    await this.#serving?.stop('SIGKILL');
    await this.#serve();
    await this.#answers(CALLERS);

    const [imports, mutations] = await Promise.all([importing.ended, mutating]);
    await this.#answers(CALLERS);
    const outcomes = this.load.outcomes.slice(from);
    const answered = outcomes.filter((outcome) => outcome.kind === 'answered');
    return {
      round: work.round,
      answers: answered.filter(({ given }) => given).length,
      refused: answered.filter(({ given }) => !given).length,
      unanswered: outcomes.length - answered.length,
      recoveryMs: Math.round(recoveryMs),
      imports,
      mutations,
    };
  }

  /** The id of an answer that the department had. */
  async #read(): Promise<string> {
    const agent = new Agent();
    const outcome = await ask(this.#address, agent, { query: '{ viewer { id } }', headers: this.headers });
    agent.destroy();
    if (outcome.kind === 'unanswered' || outcome.status !== 200) throw new Error('The department was not answered');
    return outcome.requestId;
  }

  get #address(): string {
    return this.#serving?.address ?? 'http://127.0.0.1:1';
  }

  async #serve(): Promise<void> {
    this.#serving = await startServing([], { DATABASE_URL: this.#server.url, DATABASE_POOL_SIZE: '4', LOG_LEVEL: 'silent' });
    this.#load?.moveTo(this.#address);
  }

  /** Runs the import until it comes to its end, whatever kills it. */
  #import(work: Work): Importing {
    let child: ChildProcess | null = null;
    let over = false;
    const run = async (): Promise<number> => {
      for (const until = Date.now() + PATIENCE_MS, count = { runs: 1 }; ; count.runs += 1) {
        child = await startGateway(importArguments(work), { DATABASE_URL: this.#server.url });
        const { code, stderr } = await ended(child);
        if (code === 0) return count.runs;
        if (stderr.includes('fault of the gateway') || Date.now() > until)
          throw new Error(`The import came to no end: ${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    return {
      ended: run().finally(() => (over = true)),
      kill: () => void child?.kill('SIGKILL'),
      over: () => over,
    };
  }

  /** Waits until more rows are in than that, or the import has ended. @returns how many are */
  async #writtenBeyond(count: number, importing: Importing): Promise<number> {
    let written = 0;
    await eventually(async () => {
      const [found] = await this.#server.ask(
        `SELECT count(*)::int AS n FROM credit_records WHERE document_number LIKE '内罚〔2026〕______号'`,
      );
      written = Number(found?.['n']);
      if (written <= count && !importing.over()) throw new Error('the import does not go on');
    }, PATIENCE_MS);
    return written;
  }

  async #answers(count: number): Promise<void> {
    const from = this.load.outcomes.length;
    await this.#outcomes(from, count, (given) => given);
  }

  async #refusals(count: number): Promise<void> {
    const from = this.load.outcomes.length;
    await this.#outcomes(from, count, (given) => !given);
  }

  async #outcomes(from: number, count: number, wanted: (given: boolean) => boolean): Promise<void> {
    await eventually(() => {
      const found = this.load.outcomes.slice(from).filter((outcome) => outcome.kind === 'answered' && wanted(outcome.given));
      return found.length >= count ? Promise.resolve() : Promise.reject(new Error('the gateway does not answer as it should'));
    }, PATIENCE_MS);
  }
}

/** The rounds as a table, and what was found in the end. */
export function report({ rounds, unlogged, unclear, findings, different, left }: Hammered): string {
  const head = ['round', 'answers', 'refused', 'unanswered', 'recovery ms', 'imports', 'mutations'];
  const lines = rounds.map((round) => Object.values(round).map(String));
  const widths = head.map((name, at) => Math.max(name.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const row = (cells: readonly string[]): string => cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ');
  const verdict = (name: string, found: readonly string[]): string =>
    found.length === 0
      ? `ok    ${name}`
      : `FAULT ${name}\n${found
          .slice(0, 10)
          .map((line) => `        ${line}`)
          .join('\n')}`;
  return [
    row(head),
    ...lines.map(row),
    verdict(`every answer that left has its event (${String(left)} answers)`, unlogged),
    verdict('every refusal is clear', unclear),
    verdict('the chains verify, the statistics agree with the tables', findings),
    verdict('the data equal a run without faults', different),
    verdict(
      `answers again within ${String(RECOVERED_MS / 1_000)} s of the database`,
      rounds
        .filter(({ recoveryMs }) => recoveryMs > RECOVERED_MS)
        .map(({ round, recoveryMs }) => `round ${String(round)}: ${String(recoveryMs)} ms`),
    ),
  ].join('\n');
}
