/**
 * The way of an operation (DESIGN §7) after authentication: pin the catalog version, read the profile, check the operation once
 * against it, fetch, decide, answer. Apollo Server parses and validates before, and formats errors after.
 */
import { GraphQLError, Kind, execute, getVariableValues, validate } from 'graphql';
import type {
  DocumentNode,
  ExecutionResult,
  FragmentDefinitionNode,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import type { AccessProfile, ProfileCache } from '../access/index.ts';
import type { Catalog } from '../catalog/model.ts';
import type { ClientStanding } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { KeyRing } from '../keys/index.ts';
import { AccessReport } from '../reading/access-report.ts';
import type { OperationPlan } from '../reading/read-plan.ts';
import { Reader } from '../reading/reader.ts';
import type { ReaderDependencies } from '../reading/reader.ts';
import type { RunStatement } from '../reading/statement.ts';
import { toGraphQLError } from './format-error.ts';
import { planOperation } from './plan/plan-operation.ts';
import type { GatewayContext, RequestFrame } from './request-context.ts';
import type { SchemaSource } from './schema-source.ts';

/** For whom statements are run. */
export interface StatementCaller {
  readonly clientId: string;
  readonly kind: ClientStanding['kind'];
  /** null: none stated */
  readonly purpose: string | null;
  /** YYYY-MM-DD */
  readonly today: string;
}

export interface ExecutorDependencies {
  readonly schemas: SchemaSource;
  readonly profiles: ProfileCache;
  readonly keys: KeyRing;
  /** statements run under the rights of the caller's kind, for that client and purpose */
  readonly runFor: (caller: StatementCaller) => RunStatement;
  readonly catalogVersion: (version: number) => Promise<Catalog | null>;
  /** a look-up of authorizations for one request: one statement per batch of subjects */
  readonly authorizedItems: (request: {
    clientId: string;
    purpose: string;
    today: string;
  }) => ReaderDependencies['authorizedItems'];
  readonly limits: { readonly maxDepth: number; readonly maxCost: number };
}

export interface OperationRequest {
  /** the schema that the document was validated against */
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly frame: RequestFrame;
}

/** Root fields for which nobody needs to be known: the catalog is public. */
const OPEN_ROOTS: ReadonlySet<string> = new Set(['catalog', '__typename']);

/** Never throws for what a caller sent: refusals come as errors of the result, without data. */
export async function executeOperation(dependencies: ExecutorDependencies, request: OperationRequest): Promise<ExecutionResult> {
  const { frame } = request;
  const { catalog, schema } = dependencies.schemas.versionFor(request.schema);
  const report = new AccessReport();
  const result = await answer().catch((error: unknown): ExecutionResult => ({ errors: [asGraphQLError(error)] }));
  // The request's id travels with every error, to the log and to the caller.
  for (const error of result.errors ?? []) error.extensions['requestId'] = frame.requestId;
  const withheld = frame.strict ? report.withheld : [];
  const extensions = { access: report.lines, catalogVersion: catalog.version, requestId: frame.requestId };
  if (withheld.length > 0) return { errors: [strictRefusal(withheld)], extensions };
  return { ...result, extensions: { ...result.extensions, ...extensions } };

  async function answer(): Promise<ExecutionResult> {
    const { operation, fragments } = operationOf(request);
    const roots = rootFieldNames(operation.selectionSet, fragments);
    if (frame.caller === null && [...roots].some((name) => !OPEN_ROOTS.has(name))) {
      throw new GatewayError(
        'UNAUTHENTICATED',
        'This needs an access token: send Authorization: Bearer with one from POST /oauth/token.',
      );
    }
    const profile = frame.caller === null ? null : dependencies.profiles.profileFor(catalog, basisOf(frame.caller));
    const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {}, { maxErrors: 20 });
    if (coerced.errors !== undefined) return { errors: coerced.errors.map(asBadInput) };
    const introspects = roots.has('__schema') || roots.has('__type');
    const seen = introspects && profile !== null ? dependencies.schemas.viewFor(catalog, profile) : schema;
    if (seen !== schema) {
      // Introspection shows the caller's own view, and what stands beside it in the same operation is held to that view, too.
      const faults = validate(seen, request.document);
      if (faults.length > 0) return { errors: faults.map(asBadInput) };
    }
    const plan = profile?.readsCreditData === true ? planFor(profile) : null;
    return execute({
      schema: seen,
      document: request.document,
      contextValue: contextFor(profile, plan),
      variableValues: { ...request.variables },
      ...(request.operationName == null ? {} : { operationName: request.operationName }),
    });

    function planFor(of: AccessProfile): OperationPlan {
      const plan = planOperation({
        schema,
        operation,
        fragments,
        variables: coerced.coerced ?? {},
        catalog,
        profile: of,
        today: frame.today,
        subjectIdOf: (identifier) => dependencies.keys.subjectId(identifier),
        ...dependencies.limits,
      });
      requirePurpose(frame, plan);
      return plan;
    }
  }

  function contextFor(profile: AccessProfile | null, plan: OperationPlan | null): GatewayContext {
    const reader = profile === null || frame.caller === null ? null : new Reader(readerDependencies(profile, frame.caller));
    const reads = new Map(plan?.roots.map(({ path, read }) => [path, read]));
    return {
      ...frame,
      catalog,
      catalogVersion: dependencies.catalogVersion,
      profile,
      report,
      answer: async (responseKey) => {
        const read = reads.get(responseKey);
        if (reader === null || read === undefined) throw new Error('A root field was not planned');
        return reader.root(read);
      },
    };
  }

  function readerDependencies(profile: AccessProfile, caller: ClientStanding): ReaderDependencies {
    const { purpose, today } = frame;
    return {
      run: dependencies.runFor({ clientId: caller.id, kind: caller.kind, purpose, today }),
      keys: dependencies.keys,
      identity: { profile, clientId: caller.id, orgCode: caller.orgCode, purpose, today },
      report,
      authorizedItems:
        purpose === null
          ? () => Promise.resolve(new Map())
          : dependencies.authorizedItems({ clientId: caller.id, purpose, today }),
    };
  }
}

function basisOf(caller: ClientStanding): AccessProfile['basis'] {
  return { kind: caller.kind, items: caller.items, grants: caller.grants, providesData: caller.orgCode !== null };
}

/** Minimum necessity (DESIGN §3): a department says what for before anything beyond 社会公开 is read. */
function requirePurpose(frame: RequestFrame, plan: OperationPlan): void {
  if (frame.caller?.kind !== 'DEPARTMENT' || plan.beyondPublic === null) return;
  const missing = [...(frame.purpose === null ? ['X-Purpose'] : []), ...(frame.matter === null ? ['X-Matter-Number'] : [])];
  if (missing.length === 0) return;
  throw new GatewayError(
    'PURPOSE_REQUIRED',
    `${plan.beyondPublic} is beyond 社会公开: say what for in the header${missing.length > 1 ? 's' : ''} ${missing.join(' and ')} (percent-encoded UTF-8).`,
    { coordinate: plan.beyondPublic },
  );
}

function operationOf(request: OperationRequest): {
  operation: OperationDefinitionNode;
  fragments: Map<string, FragmentDefinitionNode>;
} {
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const definition of request.document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (request.operationName == null || definition.name?.value === request.operationName) operation = definition;
  }
  if (operation === undefined)
    throw new GatewayError('BAD_USER_INPUT', 'There is no operation with this operationName in the document.');
  return { operation, fragments };
}

/** Names of all root fields, whatever @skip and @include say: who may ask does not depend on variables. */
function rootFieldNames(root: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Set<string> {
  const names = new Set<string>();
  const pending: SelectionSetNode[] = [root];
  const spread = new Set<string>();
  for (let set = pending.pop(); set !== undefined; set = pending.pop()) {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) names.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) pending.push(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) pending.push(fragment.selectionSet);
      }
    }
  }
  return names;
}

function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GatewayError) return toGraphQLError(error);
  return new GraphQLError('unforeseen', { originalError: error instanceof Error ? error : new Error(String(error)) });
}

function asBadInput(error: GraphQLError): GraphQLError {
  error.extensions['code'] = 'BAD_USER_INPUT';
  return error;
}

function strictRefusal(withheld: AccessReport['lines']): GraphQLError {
  const named = [...new Set(withheld.map((line) => `${line.coordinate} (${line.item})`))];
  return toGraphQLError(
    new GatewayError('FIELD_FORBIDDEN', `Strict mode: these fields are withheld from this client: ${named.join(', ')}.`, {
      fields: named,
    }),
  );
}
