/** Snapshots to download (全量导出). */
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { EXPORT_STATUSES } from '../../exports/index.ts';
import type { ExportStatus as ExportStatusWord } from '../../exports/index.ts';
import { DateTimeScalar } from '../scalars.ts';

const ExportStatus = Object.fromEntries(EXPORT_STATUSES.map((word) => [word, word]));
registerEnumType(ExportStatus, {
  name: 'ExportStatus',
  description: '导出状态 / state of an export',
  valuesConfig: {
    RUNNING: { description: '生成中 / being made' },
    READY: { description: '可下载 / can be downloaded' },
    FAILED: { description: '失败，原因见 failure / failed; `failure` says why' },
    EXPIRED: { description: '已过期，文件已删除 / expired, its files are gone' },
  },
});

@ObjectType({ description: '导出文件 / one file of an export: gzipped NDJSON, a row a line' })
export class ExportFile {
  @Field(() => String)
  name!: string;

  @Field(() => String, { description: '目录代码 / catalog code' })
  item!: string;

  @Field(() => Int)
  rows!: number;

  @Field(() => Int, { description: '文件字节数 / size of the file' })
  bytes!: number;

  @Field(() => String, { description: '文件的 SHA-256，十六进制 / of the file as downloaded, hex' })
  sha256!: string;

  @Field(() => String, { description: '文件的 SM3（GB/T 32905），十六进制 / of the file as downloaded, hex' })
  sm3!: string;

  @Field(() => String, { description: '下载地址，支持 Range / path to GET with the access token; resumable (Range)' })
  url!: string;
}

@ObjectType({ description: '全量导出：本接入方视图的一致快照 / a consistent copy of the client’s own view' })
export class Export {
  @Field(() => ID)
  id!: string;

  @Field(() => ExportStatus)
  status!: ExportStatusWord;

  @Field(() => [String], { description: '目录代码 / catalog codes' })
  items!: readonly string[];

  @Field(() => Int, { nullable: true, description: '行数，完成后给出 / rows in all, once it is ready' })
  rows!: number | null;

  @Field(() => Int, { description: '已生成行数 / rows up to now' })
  progress!: number;

  @Field(() => Int, { description: '目录版本 / version of the catalog by which it is decided' })
  catalogVersion!: number;

  @Field(() => DateTimeScalar)
  startedAt!: Date;

  @Field(() => DateTimeScalar, { nullable: true })
  readyAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: '文件保留至 / its files are there until then' })
  expiresAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: '增量续取的位置，用作 changes(after:) / where the change feed goes on: give it to changes(after:)',
  })
  feedCursor!: string | null;

  @Field(() => String, { nullable: true, description: '失败原因 / why it failed' })
  failure!: string | null;

  @Field(() => [ExportFile], { description: '文件，完成后给出 / its files, once it is ready' })
  files!: readonly ExportFile[];

  @Field(() => String, { nullable: true, description: '清单地址 / path of the manifest, with every file and its digests' })
  manifestUrl!: string | null;
}
