import type { RequestHandler } from 'express';

/** No inline script anywhere: text that a plugin or a stranger's sensor sent cannot become code in the page. */
const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * What a plugin serves cannot act as the page, whoever wrote it: without allow-same-origin it has an origin of its own,
 * so no cookie and no API.
 */
export const SANDBOX = 'sandbox allow-scripts allow-forms';

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  });
  next();
};
