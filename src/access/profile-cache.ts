import { LRUCache } from 'lru-cache';

import type { Catalog } from '../catalog/model.ts';
import { compileProfile, profileKey } from './compile-profile.ts';
import type { AccessProfile, ProfileBasis } from './model.ts';

/**
 * A region has some dozens of bases: thirteen departments, five agencies, a few dashboards, twice for a moment while a
 * catalog changes. A profile that every class of rows has passed through takes about 200 kB for 17 items.
 */
const DEFAULT_LIMIT = 256;

/** Profiles by what decides them (catalog version and basis), not by client; the least recently used goes first. */
export class ProfileCache {
  readonly #profiles: LRUCache<string, { readonly catalog: Catalog; readonly profile: AccessProfile }>;

  constructor(limit: number = DEFAULT_LIMIT) {
    this.#profiles = new LRUCache({ max: limit });
  }

  get size(): number {
    return this.#profiles.size;
  }

  /**
   * The profile of this basis under this catalog, compiled at most once while it is kept, however many ask: compiling is
   * synchronous, so nobody can ask in between. Another catalog object that bears the same version number is never answered
   * from here, it takes the place.
   */
  profileFor(catalog: Catalog, basis: ProfileBasis): AccessProfile {
    const key = profileKey(catalog.version, basis);
    const kept = this.#profiles.get(key);
    if (kept?.catalog === catalog) return kept.profile;
    const profile = compileProfile(catalog, basis);
    this.#profiles.set(key, { catalog, profile });
    return profile;
  }
}
