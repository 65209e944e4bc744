/** What of the requests of one commit is merged, and in which order. */
import type { FieldWrite } from '../graph/write.ts';

/** What of a request is merged in its place. */
export interface MeantWrites {
  readonly meant: readonly FieldWrite[];
}

/** What tells a request that hides from others. */
interface Hiding {
  readonly isHidden?: boolean | undefined;
}

/** Requests with those first that hide: what comes before them in a commit would not be in the history they read. */
export function hiddenFirst<Request extends Hiding>(requests: readonly Request[]): readonly Request[] {
  if (!requests.some(isHiding)) return requests;
  return [...requests.filter(isHiding), ...requests.filter((request) => !isHiding(request))];
}

function isHiding({ isHidden }: Hiding): boolean {
  return isHidden === true;
}

/** True for what is to be merged in the place of a request's writes. */
export function isMeant(
  merged: readonly FieldWrite[] | string | MeantWrites | undefined,
): merged is MeantWrites {
  return typeof merged === 'object' && 'meant' in merged;
}
