/** From an HTTP request to its frame, past everything that can be refused before the operation is parsed by the server. */
import type { Request, Response } from 'express';
import type { GraphQLSchema } from 'graphql';
import { today } from '../calendar.ts';
import type { AuthenticateServices, ClientStanding, OperationSafelist } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import type { ClientGate } from '../limits/index.ts';
import type { DocumentLimits } from './limits/document-limits.ts';
import { resolveListed } from './limits/listed-operation.ts';
import type { OperationBody } from './limits/listed-operation.ts';
import { requestDeadline, withinDeadline } from './limits/request-deadline.ts';
import type { RequestFrame } from './request-context.ts';
import { requestFrame } from './request-frame.ts';

export interface AdmissionOptions {
  readonly services: AuthenticateServices;
  readonly gate: ClientGate;
  readonly safelists: Pick<OperationSafelist, 'document'>;
  readonly documents: DocumentLimits;
  readonly timeoutMs: number;
}

/**
 * Authenticates, counts the request in (and out when its answer has left), resolves a persisted operation and checks what the text
 * alone decides. `request.body` holds the text to be run then.
 * @param given `note` is told of the caller as soon as it is known, also where it is refused
 * @throws GatewayError, and whatever a database throws that cannot be asked
 */
export async function admitRequest(
  options: AdmissionOptions,
  request: Request,
  response: Response,
  given: AdmittedAs,
): Promise<RequestFrame> {
  const signal = requestDeadline(response, options.timeoutMs);
  // The database is asked here, too, and may be as slow as later on.
  return { ...(await withinDeadline(signal, admitted(options, request, response, given))), signal };
}

interface AdmittedAs {
  readonly requestId: string;
  readonly schema: GraphQLSchema;
  readonly note: (caller: ClientStanding) => void;
}

async function admitted(
  { services, gate, safelists, documents }: AdmissionOptions,
  request: Request,
  response: Response,
  given: AdmittedAs,
): Promise<Omit<RequestFrame, 'signal'>> {
  const frame = await requestFrame(services, request.headers, given.requestId, today(), given.note).catch((error: unknown) => {
    // Who guesses at tokens is nobody yet.
    if (error instanceof GatewayError && error.code === 'UNAUTHENTICATED') gate.stranger(request.ip ?? '');
    throw error;
  });
  const { caller } = frame;
  if (caller === null) gate.stranger(request.ip ?? '');
  else {
    const leave = await gate.enter(caller);
    if (response.closed) leave();
    else response.once('close', leave);
  }
  const body = operationBody(request.body);
  if (caller?.safelist != null || body.extensions != null) await resolveListed(safelists, caller, body);
  if (typeof body.query === 'string') {
    const { lookups } = documents.check(body.query, given.schema);
    const charged = caller === null ? null : gate.charge(caller, lookups - 1);
    if (charged !== null) await charged;
  }
  return frame;
}

/** The same object, so that what is changed in it is what is run. The HTTP shell lets nothing else than objects come here. */
function operationBody(body: unknown): OperationBody {
  return typeof body === 'object' && body !== null ? body : {};
}
