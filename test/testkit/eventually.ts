/**
 * Repeats an expectation until it holds, for what another connection must first hear of. Two seconds is what the gateway promises.
 * @throws what the expectation threw last
 */
export async function eventually(expectation: () => Promise<void>, withinMs = 2_000): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
