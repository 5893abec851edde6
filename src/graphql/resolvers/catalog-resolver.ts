import { Arg, Ctx, Int, Query, Resolver } from 'type-graphql';
import type { Catalog as PublishedCatalog } from '../../catalog/model.ts';
import { GatewayError } from '../../errors.ts';
import type { GatewayContext } from '../request-context.ts';
import { Catalog } from '../types/catalog.ts';

@Resolver()
export class CatalogResolver {
  @Query(() => Catalog, {
    description: '公共信用信息目录，公开；默认当前版本 / the catalog, public; the current version unless told',
  })
  async catalog(
    @Arg('version', () => Int, { nullable: true }) version: number | undefined,
    @Ctx() context: GatewayContext,
  ): Promise<PublishedCatalog> {
    if (version == null || version === context.catalog.version) return context.catalog;
    const found = await context.catalogVersion(version);
    if (found === null) {
      throw new GatewayError(
        'BAD_USER_INPUT',
        `There is no catalog version ${String(version)}. The current one is ${String(context.catalog.version)}.`,
      );
    }
    return found;
  }
}
