/** What the paths of batches say, as their vendors document them: of OpenAI, and of Anthropic below `/v1/messages`. */

const orderPath = /^\/v1\/(?:messages\/)?batches$/
const resultsPath = /^\/v1\/(?:messages\/batches\/([^/]+)\/results|files\/([^/]+)\/content)$/
const thingPath = /^\/v1\/(?:(?:messages\/)?batches|files)\/([^/]+)$/

/** Whether such a call orders a batch. */
export function ordersBatch(method: string, path: string): boolean {
  return method === 'POST' && orderPath.test(path)
}

/** The id by which a pending batch is known, where its results can be fetched at this path; otherwise null. */
export function batchResultsId(method: string, path: string): string | null {
  const found = method === 'GET' ? resultsPath.exec(path) : null
  return decoded(found?.[1] ?? found?.[2])
}

/** The batch, or the file that may be its results, that is deleted by this path; otherwise null. */
export function deletedId(path: string): string | null {
  return decoded(thingPath.exec(path)?.[1])
}

function decoded(segment: string | undefined): string | null {
  return segment === undefined ? null : decodeURIComponent(segment)
}
