/** How many promises a piece of work makes in this process. */
import { createHook } from 'node:async_hooks';

/**
 * Counted while `work` runs, until it calls `done`; without promises of its own, so that only what it sets off is counted.
 * @param work starts something and calls `done` when it has ended
 */
export function promisesOf(work: (done: () => void) => void): Promise<number> {
  return new Promise((resolve) => {
    let count = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === 'PROMISE') count += 1;
      },
    });
    hook.enable();
    work(() => {
      hook.disable();
      resolve(count);
    });
  });
}
