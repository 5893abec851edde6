/** The change feed as the API shows it: what changed for the caller, through its own view. */
import { ArgsType, Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTimeScalar } from '../scalars.ts';
import { CatalogItem } from './catalog.ts';
import { Node, PageInfo } from './node.ts';

const ChangeOperation = { UPSERT: 'UPSERT', REMOVE: 'REMOVE' };

registerEnumType(ChangeOperation, {
  name: 'ChangeOperation',
  description: '变更方式 / what to do with the row',
  valuesConfig: {
    UPSERT: { description: '新增或更新，node 为当前内容 / new or changed: node is the row as it is now' },
    REMOVE: {
      description: '不再可见：撤销、修复、公示期满、授权终止、权限关闭等 / no longer there for the caller, whatever the cause',
    },
  },
});

@ObjectType({ description: '一条变更 / what became of one subject or entry' })
export class Change {
  @Field(() => ChangeOperation)
  operation!: string;

  @Field(() => CatalogItem, { description: '目录项目 / its catalog item' })
  item!: CatalogItem;

  @Field(() => ID, { description: '信用信息或主体的全局标识 / global id of the entry or subject' })
  id!: string;

  @Field(() => Node, {
    nullable: true,
    description: '按当前权限可见的内容；REMOVE 时为空 / the row through the caller’s own view; null for REMOVE',
  })
  node!: Node | null;

  @Field(() => DateTimeScalar, { nullable: true, description: '变更时间 / when it changed' })
  changedAt!: Date | null;
}

@ObjectType()
export class ChangeEdge {
  @Field(() => String)
  cursor!: string;

  @Field(() => Change)
  node!: Change;
}

@ObjectType()
export class ChangeConnection {
  @Field(() => [ChangeEdge])
  edges!: ChangeEdge[];

  @Field(() => PageInfo, {
    description:
      'hasNextPage 为 false 表示暂时已同步；endCursor 总有值，空页亦然 / hasNextPage false: in step for now; endCursor is always there, on an empty page too',
  })
  pageInfo!: PageInfo;
}

@ArgsType()
export class ChangesArguments {
  @Field(() => [String], {
    nullable: true,
    description:
      '目录代码或接口类型名；默认同游标，无游标则为全部可见项目 / catalog codes or type names; the cursor’s own unless told, or all that exist for the caller',
  })
  items?: string[];

  @Field(() => String, {
    nullable: true,
    description:
      '上一页的 endCursor 或快照的游标；缺省则自现在起 / the endCursor of the page before, or a snapshot’s cursor; from now on unless told',
  })
  after?: string;

  @Field(() => Int, { nullable: true, defaultValue: 50, description: '每页条数，至多 1000 / page size, at most 1000' })
  first?: number | null;
}
