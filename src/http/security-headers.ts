/** Response headers that keep browsers careful. HSTS is left to whatever ends TLS in front: only that knows its host names. */
import type { RequestHandler } from 'express';

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

export const apiHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', API_POLICY);
  response.setHeader('Cache-Control', 'no-store');
  next();
};

/** On top of `apiHeaders`, for the explorer alone. */
export const pageHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('Content-Security-Policy', PAGE_POLICY);
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  next();
};
