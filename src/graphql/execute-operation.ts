/**
 * The way of an operation (DESIGN §7) after authentication: pin the catalog version, read the profile, check the operation once
 * against it, fetch, decide, answer. Apollo Server parses and validates before, and formats errors after.
 */
import { GraphQLError, execute, getVariableValues, validate } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import type { AccessProfile, ProfileCache } from '../access/index.ts';
import type { ReadLog } from '../audit/index.ts';
import type { Catalog } from '../catalog/model.ts';
import { profileBasisOf, requirePurpose } from '../clients/index.ts';
import type { ClientStanding } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { KeyRing } from '../keys/index.ts';
import { AccessReport } from '../reading/access-report.ts';
import { PreparedJson } from '../json-text.ts';
import { Reader } from '../reading/reader.ts';
import type { ReaderDependencies } from '../reading/reader.ts';
import type { RunStatement } from '../reading/statement.ts';
import { WritingPass } from '../reading/writing-pass.ts';
import { executionSchema } from './execution-schema.ts';
import { fetchChanges } from './fetch-changes.ts';
import { toGraphQLError } from './format-error.ts';
import { logOperation } from './log-operation.ts';
import { collectSelections } from './plan/collect-selections.ts';
import type { BoundPlan, PlanCache } from './plan/plan-cache.ts';
import { prepareOperation } from './prepare-operation.ts';
import type { PreparedOperation } from './prepare-operation.ts';
import type { FeatureServices, GatewayContext, RequestFrame } from './request-context.ts';
import type { SchemaSource } from './schema-source.ts';

/** For whom statements are run. */
export interface StatementCaller {
  readonly clientId: string;
  readonly kind: ClientStanding['kind'];
  /** null: none stated */
  readonly purpose: string | null;
  /** YYYY-MM-DD */
  readonly today: string;
  /** aborted: nobody waits for the rows any more, and the statement is to be cancelled */
  readonly signal: AbortSignal;
}

export interface ExecutorDependencies {
  readonly schemas: SchemaSource;
  readonly profiles: ProfileCache;
  readonly plans: PlanCache;
  readonly keys: KeyRing;
  /** statements run under the rights of the caller's kind, for that client and purpose */
  readonly runFor: (caller: StatementCaller) => RunStatement;
  readonly catalogVersion: (version: number) => Promise<Catalog | null>;
  /** counts the subjects of an answer against the client's daily quota, before it leaves; refuses what is beyond it */
  readonly claimSubjects: (caller: ClientStanding, day: string, subjects: ReadonlySet<string>) => Promise<void>;
  /** an answer leaves after its event is durable, or not at all */
  readonly readLog: ReadLog;
  /** told of every look-up by identifier, found or not: a client that counts through numbers is noticed */
  readonly onLookup: (clientId: string, identifier: string) => void;
  readonly features: FeatureServices;
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
  let plan: BoundPlan | null = null;
  const result = await answer().catch((error: unknown): ExecutionResult => ({ errors: [asGraphQLError(error)] }));
  // The request's id travels with every error, to the log and to the caller.
  for (const error of result.errors ?? []) error.extensions['requestId'] = frame.requestId;
  const withheld = frame.strict ? report.withheld : [];
  const extensions = { access: report.lines, catalogVersion: catalog.version, requestId: frame.requestId };
  const outcome: ExecutionResult =
    withheld.length > 0
      ? { errors: [strictRefusal(withheld)], extensions }
      : { ...result, extensions: { ...result.extensions, ...extensions } };
  try {
    const operation = {
      frame,
      document: request.document,
      operationName: request.operationName ?? null,
      catalogVersion: catalog.version,
    };
    if (frame.caller !== null && outcome.data != null)
      await dependencies.claimSubjects(frame.caller, frame.today, report.subjects);
    return await logOperation(dependencies.readLog, operation, report, outcome);
  } catch (error) {
    // What is not in the log has not been read by anybody: not even what would have been withheld is told.
    const refusal = asGraphQLError(error);
    refusal.extensions['requestId'] = frame.requestId;
    return { errors: [refusal], extensions: { catalogVersion: catalog.version, requestId: frame.requestId } };
  }

  async function answer(): Promise<ExecutionResult> {
    const prepared = prepareOperation(request.document, request.operationName);
    const { operation, rootNames } = prepared;
    // Validation has no rule for it, and to graphql-js it is a fault of the server.
    if (schema.getRootType(operation.operation) == null) {
      throw new GatewayError('BAD_USER_INPUT', `This API has no operations of the kind “${operation.operation}”.`);
    }
    if (frame.caller === null && [...rootNames].some((name) => !OPEN_ROOTS.has(name))) {
      throw new GatewayError(
        'UNAUTHENTICATED',
        'This needs an access token: send Authorization: Bearer with one from POST /oauth/token.',
      );
    }
    const profile = frame.caller === null ? null : dependencies.profiles.profileFor(catalog, profileBasisOf(frame.caller));
    const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {}, { maxErrors: 20 });
    if (coerced.errors !== undefined) return { errors: coerced.errors.map(asBadInput) };
    const seen = prepared.introspection !== null && profile !== null ? dependencies.schemas.viewFor(catalog, profile) : schema;
    if (seen !== schema) {
      // Introspection shows the caller's own view, and what stands beside it in the same operation is held to that view, too.
      const faults = validate(seen, request.document);
      if (faults.length > 0) return { errors: faults.map(asBadInput) };
    }
    plan = profile?.readsCreditData === true ? planFor(prepared, profile, coerced.coerced) : null;
    const common = {
      contextValue: contextFor(profile),
      variableValues: { ...request.variables },
      operationName: request.operationName ?? null,
    };
    const executed = await execute({ schema: executionSchema(seen), document: prepared.execution, ...common });
    if (prepared.introspection === null) return executed;
    const introspected = await execute({ schema: seen, document: prepared.introspection, ...common });
    return merged(prepared, coerced.coerced, [executed, introspected]);
  }

  function planFor(prepared: PreparedOperation, profile: AccessProfile, variables: Readonly<Record<string, unknown>>): BoundPlan {
    const { operation, fragments } = prepared;
    const planned = dependencies.plans.planFor(prepared, {
      schema,
      operation,
      fragments,
      variables,
      catalog,
      profile,
      today: frame.today,
      subjectIdOf: (identifier) => {
        if (frame.caller !== null) dependencies.onLookup(frame.caller.id, identifier);
        return dependencies.keys.subjectId(identifier);
      },
      ...dependencies.limits,
    });
    const { beyondPublic } = planned;
    if (profile.statesPurpose && beyondPublic !== null)
      requirePurpose(frame, `${beyondPublic} is beyond 社会公开`, { coordinate: beyondPublic });
    return planned;
  }

  function contextFor(profile: AccessProfile | null): GatewayContext {
    const reader = profile === null || frame.caller === null ? null : new Reader(readerDependencies(profile, frame.caller));
    const { keys } = dependencies;
    return {
      ...frame,
      catalog,
      catalogVersion: dependencies.catalogVersion,
      profile,
      report,
      features: dependencies.features,
      reader,
      answer: async (responseKey) => {
        const root = plan?.roots.find(({ path }) => path === responseKey);
        if (reader === null || root === undefined) throw new Error('A root field was not planned');
        const { read } = root;
        const fetched =
          read.kind === 'CHANGES'
            ? await fetchChanges(dependencies.features.feed, reader, catalog, read)
            : await reader.root(read);
        const pass = new WritingPass((stored, subjectId) => keys.openStored(stored, subjectId), report);
        const text = root.write(fetched, pass);
        pass.finish();
        if (text === null) return null;
        pass.written.add(text);
        return new PreparedJson(pass.written.end());
      },
    };
  }

  function readerDependencies(profile: AccessProfile, caller: ClientStanding): ReaderDependencies {
    const { purpose, today } = frame;
    return {
      run: dependencies.runFor({ clientId: caller.id, kind: caller.kind, purpose, today, signal: frame.signal }),
      keys: dependencies.keys,
      identity: { profile, clientId: caller.id, orgCode: caller.orgCode, purpose, today },
    };
  }
}

/** Two results of one operation as one, its keys in the order of the operation. */
function merged(
  { operation, fragments }: PreparedOperation,
  variables: Readonly<Record<string, unknown>>,
  results: readonly ExecutionResult[],
): ExecutionResult {
  const errors = results.flatMap((result) => result.errors ?? []);
  const data = new Map(results.flatMap((result) => Object.entries(result.data ?? {})));
  const roots = [{ selectionSet: operation.selectionSet, parentType: 'Query' }];
  const keys = [...collectSelections({ fragments, variables }, new Set(['Query']), roots).keys()];
  const all = results.every((result) => result.data != null);
  return {
    ...(errors.length === 0 ? {} : { errors }),
    data: all ? Object.fromEntries(keys.map((key) => [key, data.get(key)])) : null,
  };
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
