/** Plans kept for operations that come again with other values, or with the same. */
import { LRUCache } from 'lru-cache';
import type { RootPlan } from '../../reading/read-plan.ts';
import type { WriteAnswer } from '../../reading/write-answer.ts';
import { rebound } from './listing.ts';
import { planOperation } from './plan-operation.ts';
import type { OperationPlan, PlanInput } from './plan-operation.ts';
import { variableShape } from './variable-shape.ts';
import type { VariableUses } from './variable-shape.ts';

/** Clients send some dozens of operations. The bounds are against those that send another one each time. */
const MOST_PLANS = 500;
/** In fields shown, over all items of a plan: some 50 MB when full. A plan larger than a tenth of it is not kept. */
const MOST_FIELDS = 50_000;
/** A plan keeps its document's tree: about the memory of one field for that many characters. */
const CHARACTERS_A_FIELD = 20;

/** A root of the operation at hand. */
export interface BoundRoot extends RootPlan {
  readonly write: WriteAnswer;
}

export interface BoundPlan extends Pick<OperationPlan, 'cost' | 'beyondPublic'> {
  readonly roots: readonly BoundRoot[];
}

/** The document that an operation belongs to, as far as a plan depends on it. */
export interface PlannedDocument {
  readonly id: number;
  readonly variableUses: VariableUses;
  readonly size: number;
}

export class PlanCache {
  readonly #plans = new LRUCache<string, { readonly of: PlanInput; readonly plan: OperationPlan }>({
    max: MOST_PLANS,
    maxSize: MOST_FIELDS,
    maxEntrySize: MOST_FIELDS / 10,
  });

  get size(): number {
    return this.#plans.size;
  }

  /** @throws GatewayError FILTER_FORBIDDEN, BAD_USER_INPUT or QUERY_TOO_COSTLY. Nothing has been read then. */
  planFor(document: PlannedDocument, input: PlanInput): BoundPlan {
    const shape = variableShape(document.variableUses, input.variables);
    const key = `${String(document.id)} ${input.today} ${input.profile.key} ${shape}`;
    const kept = this.#plans.get(key);
    if (kept?.of.profile === input.profile && kept.of.schema === input.schema) return bound(kept.plan, input);
    const plan = planOperation(input);
    const size = plan.fields + Math.ceil((document.size + key.length) / CHARACTERS_A_FIELD) + 1;
    this.#plans.set(key, { of: { ...input, variables: {} }, plan }, { size });
    return plan;
  }
}

/** Roots whose arguments hold variables look for what these say now, and every look-up is told of, whoever had the plan made. */
function bound(plan: OperationPlan, input: PlanInput): BoundPlan {
  if (plan.roots.every(({ variable }) => !variable)) return plan;
  const roots = plan.roots.map((root): BoundRoot => {
    const { path, write } = root;
    return root.variable ? { path, write, read: rebound(input, root.occurrences, root.read) } : root;
  });
  return { ...plan, roots };
}
