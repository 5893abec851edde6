/** How commands use the gateway: opened, used, closed, whatever happens. */

/** Runs `work` on the opened gateway and closes it after, also when the work fails. */
export async function withGateway<G extends { close(): Promise<void> }>(
  open: () => Promise<G>,
  work: (gateway: G) => Promise<void>,
): Promise<void> {
  const gateway = await open();
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

/** One line for the person at the terminal. Standard output is left to results that programs read. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
