/** `/health/live`: the process runs. `/health/ready`: it can answer, so a load balancer may send requests. */
import { Router } from 'express';
import type { Logger } from 'pino';
import { methodNotAllowed } from './answers.ts';

/** What must hold for an answer; each check by name, for instance `database`, `catalog`. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
}

/** A check that hangs is a check that fails: load balancers give up after a few seconds as well. */
const READINESS_TIMEOUT_MS = 3_000;

export interface HealthOptions {
  readonly readiness: () => Promise<Readiness>;
  readonly logger: Logger;
}

export function healthRouter({ readiness, logger }: HealthOptions): Router {
  const router = Router();
  router
    .route('/health/live')
    .get((_request, response) => {
      response.json({ status: 'ok' });
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  router
    .route('/health/ready')
    .get(async (_request, response) => {
      const { ready, checks } = await withinTime(readiness, logger);
      response.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'unavailable', checks });
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

async function withinTime(readiness: () => Promise<Readiness>, logger: Logger): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Readiness>((resolve) => {
    timer = setTimeout(() => {
      resolve({ ready: false, checks: { inTime: false } });
    }, READINESS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([readiness(), timeout]);
  } catch (error) {
    logger.warn({ err: error }, 'the readiness check failed');
    return { ready: false, checks: {} };
  } finally {
    clearTimeout(timer);
  }
}
