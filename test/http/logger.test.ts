import { describe, expect, it } from '@jest/globals';
import { GatewayError, OperatorError } from '../../src/errors.ts';
import { createLogger } from '../../src/http/logger.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(createLogger('info', { write: (line) => void lines.push(line) }));
  return lines.join('');
}

describe('what a log line says of a failure', () => {
  it('the messages of the gateway itself', () => {
    expect(
      logged((logger) => {
        logger.error({ err: new OperatorError('Port 4000 is taken') });
      }),
    ).toContain('Port 4000 is taken');
    expect(
      logged((logger) => {
        logger.error({ err: new GatewayError('CURSOR_INVALID', 'Start over') });
      }),
    ).toContain('Start over');
  });

  it('the messages of system calls', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED', syscall: 'connect' });
    expect(
      logged((logger) => {
        logger.error({ err: refused });
      }),
    ).toContain('ECONNREFUSED 127.0.0.1:5432');
  });

  it('never the message of another failure, not in its stack, its cause or over several lines', () => {
    const inner = Object.assign(new Error('Key (id_number)=(150100199001010024) already exists'), {
      code: '23505',
      detail: '150100199001010024',
    });
    const outer = new Error('upsert failed\n    at 150100199001010024\nfor 150100199001010024', { cause: inner });
    const text = logged((logger) => {
      logger.error({ err: outer });
    });
    expect(text).not.toContain('150100199001010024');
    expect(JSON.parse(text)).toMatchObject({ err: { type: 'Error', cause: { type: 'Error', code: '23505' } } });
    expect(text).toContain('logger.test.ts');
  });

  it('never the message of an error that is logged by itself', () => {
    const text = logged((logger) => {
      logger.error(new Error('for 150100199001010024'));
      logger.error(new Error('for 150100199001010024'), 'import failed');
    });
    expect(text).not.toContain('150100199001010024');
    expect(text).toContain('import failed');
  });

  it('the SQLSTATE under a failed statement, without what the database said', () => {
    const cause = { originalCode: '42P18', originalMessage: 'parameter 150100199001010024' };
    const failed = Object.assign(new Error('Raw query failed: 150100199001010024'), {
      code: 'P2010',
      meta: { driverAdapterError: { cause } },
    });
    const text = logged((logger) => {
      logger.error({ err: failed });
    });
    expect(JSON.parse(text)).toMatchObject({ err: { code: 'P2010', sqlState: '42P18' } });
    expect(text).not.toContain('150100199001010024');
  });

  it('something thrown that is no error', () => {
    expect(
      JSON.parse(
        logged((logger) => {
          logger.error({ err: '150100199001010024' });
        }),
      ),
    ).toMatchObject({ err: { type: 'string', frames: [] } });
  });
});

describe('redaction', () => {
  it.each(['authorization', 'token', 'secret', 'clientSecret', 'password', 'variables', 'query'])(
    '%s is never written, at the top or below',
    (name) => {
      const text = logged((logger) => {
        logger.info({ [name]: 'plain-value', headers: { [name]: 'plain-value' } });
      });
      expect(text).not.toContain('plain-value');
      expect(text).toContain('[redacted]');
    },
  );
});
