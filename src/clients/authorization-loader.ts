/** Authorizations while one request is answered. */
import DataLoader from 'dataloader';
import type { AuthorizationRegistry } from './authorization-registry.ts';

const NONE: ReadonlySet<string> = new Set();

/**
 * Made for one request, with its client, its purpose and its day, and never kept for another. All that is asked in one tick
 * goes to the database in one statement, each subject once a request. Without a purpose nothing is agreed: the answer is
 * empty, and the database is not asked.
 */
export class AuthorizationLoader {
  readonly #loader: DataLoader<string, ReadonlySet<string>> | null;

  constructor(
    registry: Pick<AuthorizationRegistry, 'liveFor'>,
    request: { clientId: string; purpose: string | null; today: string },
  ) {
    const { clientId, purpose, today } = request;
    this.#loader =
      purpose === null || purpose.trim() === ''
        ? null
        : new DataLoader(async (subjectIds) => {
            const live = await registry.liveFor({ clientId, purpose, subjectIds, today });
            return subjectIds.map((id) => live.get(id) ?? NONE);
          });
  }

  /** The catalog codes that the subject has authorized for this client and purpose; empty: none. */
  async load(subjectId: string): Promise<ReadonlySet<string>> {
    return this.#loader === null ? NONE : this.#loader.load(subjectId);
  }

  /** The same for many subjects, in their order. */
  loadMany(subjectIds: readonly string[]): Promise<ReadonlySet<string>[]> {
    return Promise.all(subjectIds.map((id) => this.load(id)));
  }
}
