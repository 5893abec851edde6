/** GET /exports/:id/:file: the files of an export, for the client whose it is. Resumable by `Range` (RFC 9110 §14). */
import type { RequestHandler } from 'express';
import path from 'node:path';
import { today } from '../calendar.ts';
import { authenticate } from '../clients/index.ts';
import type { AuthenticateServices } from '../clients/index.ts';
import type { ExportService } from '../exports/index.ts';
import { GatewayError } from '../errors.ts';
import { answerProblem, notFound } from './answers.ts';
import { noteRequest } from './request-context.ts';

const STATUSES: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  CLIENT_SUSPENDED: 403,
  LICENSE_EXPIRED: 403,
  SERVICE_UNAVAILABLE: 503,
};

/**
 * A suspended client and an agency whose licence has passed get nothing, though the export is theirs; nor does a client to whom less
 * is open now than when it was made. Whatever is not there, not ready,
 * expired or another client's is 404 like an address that does not exist.
 */
export function exportDownload(services: AuthenticateServices, exports: Pick<ExportService, 'file'>): RequestHandler {
  return async (request, response, next) => {
    try {
      const { standing } = await authenticate(services, request.headers.authorization, today());
      noteRequest(request, { clientId: standing.id, clientKind: standing.kind });
      const file = await exports.file(standing, parameter(request.params['id']), parameter(request.params['file']));
      if (file === null) {
        notFound(request, response, next);
        return;
      }
      response.setHeader('Cache-Control', 'private, no-store');
      // Strong, so that If-Range holds over a restart of the server, and two parts that were put together are of one file.
      response.setHeader('ETag', `"${file.sha256}"`);
      response.setHeader('Content-Type', file.path.endsWith('.json') ? 'application/json; charset=utf-8' : 'application/gzip');
      response.setHeader('Content-Disposition', `attachment; filename="${path.basename(file.path)}"`);
      const { dir, base } = path.parse(file.path);
      response.sendFile(base, { root: dir, cacheControl: false, lastModified: false, dotfiles: 'allow' }, (error?: Error) => {
        // A caller that went away is no failure; the access log has it.
        if (error === undefined || response.headersSent) return;
        switch ('status' in error ? error.status : null) {
          // Removed between the look and the read, or on another machine's disk.
          case 404:
            notFound(request, response, next);
            return;
          case 416:
            response.setHeader('Content-Range', `bytes */${String(file.bytes)}`);
            answerProblem(request, response, {
              status: 416,
              code: 'BAD_USER_INPUT',
              message: `The file has ${String(file.bytes)} bytes; the Range begins behind its end.`,
            });
            return;
          default:
            next(error);
        }
      });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      noteRequest(request, { outcome: error.code });
      if (error.code === 'UNAUTHENTICATED') response.setHeader('WWW-Authenticate', 'Bearer');
      answerProblem(request, response, { status: STATUSES[error.code] ?? 403, code: error.code, message: error.message });
    }
  };
}

function parameter(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
