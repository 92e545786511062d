import { elementSpans, type Member, type Span, topLevelMembers } from '#lib/json-members.ts'

export interface RequestParams {
  /** Where their `{` stands. */
  readonly openAt: number
  readonly members: readonly Member[]
}

/** The requests that stand in the body of a batch of messages; `members` are those of the body. */
export function batchedRequests(body: Buffer, members: readonly Member[]): readonly Span[] {
  const requests = members.find(({ key }) => key === 'requests')
  return requests === undefined ? [] : (elementSpans(body, requests.valueStart) ?? [])
}

/** The `params` of each of them. */
export function* requestParams(body: Buffer, requests: readonly Span[]): Generator<RequestParams> {
  for (const { start } of requests) {
    for (const params of topLevelMembers(body, start) ?? []) {
      if (params.key !== 'params') continue
      const members = topLevelMembers(body, params.valueStart)
      if (members !== null) yield { openAt: params.valueStart, members }
    }
  }
}
