/** One file of an export, over as many connections as it takes. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { Refused } from './session.mjs';

/**
 * Goes on where it was cut off. The file gets its name when it is whole and both digests are right; until then, call again.
 * @throws Refused with code EXPIRED when the export's files are gone
 */
export async function download(request, target, { name, bytes, sha256, sm3, url }) {
  const part = `${target}.part`;
  const { size } = await stat(part).catch(() => ({ size: 0 }));
  if (size < bytes) {
    console.error(`${name}: from byte ${size} of ${bytes}`);
    const response = await request(url, { headers: { Range: `bytes=${size}-`, 'If-Range': `"${sha256}"` } });
    if (!response.ok) throw new Refused('EXPIRED', `${url}: HTTP ${response.status}`);
    // 206 is the rest of it; 200 the whole file, where the server's is another one now.
    const handle = await open(part, response.status === 206 ? 'a' : 'w');
    try {
      for await (const chunk of response.body) await handle.appendFile(chunk);
      await handle.sync();
    } catch {
      // The connection broke: what has come stays.
      return;
    } finally {
      await handle.close();
    }
  }
  const [one, other] = [createHash('sha256'), createHash('sm3')];
  for await (const chunk of createReadStream(part)) {
    one.update(chunk);
    other.update(chunk);
  }
  if (one.digest('hex') === sha256 && other.digest('hex') === sm3) await rename(part, target);
  else await rm(part);
}
