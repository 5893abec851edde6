/** The promise of the read log to those who answer. */
import type { ReadEvent } from './read-event.ts';

export interface ReadLog {
  /**
   * Resolves once the event is on PostgreSQL's disk: an answer leaves after that, never before. Never waits longer than
   * AUDIT_TIMEOUT_MS.
   * @throws GatewayError SERVICE_UNAVAILABLE when the event is not known to be durable; the answer must then be refused
   */
  record(event: ReadEvent): Promise<void>;
}
