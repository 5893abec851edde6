/**
 * Loaded into a gateway to measure what the read log costs: no event is worked out for the chain, written or waited for, and the watch
 * sees none. The product has no such switch.
 */
import { built } from '../gateway-build.mjs';

const { GroupWriter } = await built('audit/group-writer.js');
const { Watch } = await built('audit/watch.js');

GroupWriter.prototype.record = () => Promise.resolve();
Watch.prototype.noticed = () => undefined;
