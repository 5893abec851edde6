import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { ExportJob } from '../../exports/index.ts';
import type { GatewayContext } from '../request-context.ts';
import { Export } from '../types/export.ts';

@Resolver()
export class ExportResolver {
  @Mutation(() => Export, {
    description:
      '启动全量导出，每个接入方同时一个 / starts a consistent copy of the client’s view of these items; one at a time per client',
  })
  async startExport(
    @Arg('items', () => [String], { description: '目录代码或接口类型名 / catalog codes or type names' }) items: string[],
    @Arg('idempotencyKey', () => String, {
      nullable: true,
      description: '幂等键：相同的键与项目即同一导出 / the same key and items again is the same export',
    })
    idempotencyKey: string | null | undefined,
    @Ctx() { caller, profile, catalog, purpose, matter, requestId, features }: GatewayContext,
  ): Promise<Export> {
    // The shield lets nobody without a client get here.
    if (caller === null || profile === null) throw new Error('An export was asked without a client');
    const call = { clientId: caller.id, profile, catalog, purpose, matter, requestId };
    return shown(await features.exports.start(call, items, idempotencyKey ?? null));
  }

  @Query(() => Export, { nullable: true, description: '本接入方的一个导出 / one export of the client’s own' })
  async export(@Arg('id', () => ID) id: string, @Ctx() context: GatewayContext): Promise<Export | null> {
    const job = await context.features.exports.find(clientOf(context), id);
    return job === null ? null : shown(job);
  }

  @Query(() => [Export], { description: '本接入方的导出，新的在前 / exports of the client’s own, newest first' })
  async exports(@Ctx() context: GatewayContext): Promise<Export[]> {
    return (await context.features.exports.list(clientOf(context))).map(shown);
  }
}

function clientOf({ caller }: GatewayContext): string {
  if (caller === null) throw new Error('Exports were asked without a client');
  return caller.id;
}

function shown(job: ExportJob): Export {
  const { id, status, items, rows, catalogVersion, startedAt, readyAt, expiresAt, feedCursor, failure } = job;
  const result = status === 'READY' ? job.result : null;
  const url = (name: string): string => `/exports/${id}/${name}`;
  return {
    id,
    status,
    items,
    rows: result === null ? null : rows,
    progress: rows,
    catalogVersion,
    startedAt,
    readyAt,
    expiresAt,
    feedCursor: result === null ? null : feedCursor,
    failure,
    files: (result?.files ?? []).map((file) => ({ ...file, url: url(file.name) })),
    manifestUrl: result === null ? null : url(result.manifest.name),
  };
}
