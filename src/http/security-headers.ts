/** Response headers that keep browsers careful. */
import type { Request, RequestHandler, Response } from 'express';

/** Answers of the API are data, never a page: nothing may be loaded, framed or run from them. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * The explorer's page: scripts, styles and requests from here alone, nothing inline. Two things are relaxed for GraphiQL:
 * its stylesheet carries fonts and icons as data: addresses, and its dialogs lock the page's scrolling with one fixed
 * inline style, let in by its hash.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** A year, as browsers' preload lists ask for. Subdomains are whose they are: only the operator knows them. */
const HSTS = 'max-age=31536000';

/** What every answer has. */
export function setApiHeaders(request: Request, response: Response): void {
  // Behind TLS, as a trusted proxy says (TRUSTED_PROXIES): over plain HTTP browsers must ignore it (RFC 6797 §8.1).
  if (request.secure) response.setHeader('Strict-Transport-Security', HSTS);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', API_POLICY);
  response.setHeader('Cache-Control', 'no-store');
}

export const apiHeaders: RequestHandler = (request, response, next) => {
  setApiHeaders(request, response);
  next();
};

const CORS_HEADERS = 'authorization, content-type, x-access-mode, x-matter-number, x-purpose, x-request-id';

/**
 * Lets pages of these origins call the API and the token endpoint from a browser (CORS). Without it browsers let no page of another
 * origin do so, because a request with JSON is asked about beforehand. Credentials stay off: there are no cookies here.
 * @returns a function that sets the headers of one answer, and says whether its page is let in
 */
export function crossOriginHeaders(origins: readonly string[]): (request: Request, response: Response) => boolean {
  const allowed = new Set(origins.map((origin) => new URL(origin).origin));
  return (request, response) => {
    if (allowed.size === 0) return false;
    response.vary('Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return false;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', 'retry-after, x-request-id');
    response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    return true;
  };
}

/** The same for the routes, with the answer to what browsers ask beforehand. */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const letIn = crossOriginHeaders(origins);
  return (request, response, next) => {
    if (
      !letIn(request, response) ||
      request.method !== 'OPTIONS' ||
      request.headers['access-control-request-method'] === undefined
    ) {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, POST');
    response.setHeader('Access-Control-Allow-Headers', CORS_HEADERS);
    response.setHeader('Access-Control-Max-Age', '600');
    response.status(204).end();
  };
}

/** On top of `apiHeaders`, for the explorer alone. */
export const pageHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', PAGE_POLICY);
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  next();
};
