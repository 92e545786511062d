import { z } from 'zod'
import { recordFieldNames, recordFields } from '#core/ledger/record-fields.ts'
import { gatewayPaths } from './gateway-paths.ts'
import { incomingPaths } from './incoming-paths.ts'
import type { Resource } from './route.ts'

/** The description of the API, OpenAPI 3.1, made from the very schemas that check the requests. */
export function openapiDocument(resources: readonly Resource[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const each of resources) paths[each.path] = { ...paths[each.path], [each.method.toLowerCase()]: operation(each) }
  return {
    openapi: '3.1.0',
    info: { title: 'Tollgate', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths: { ...paths, ...gatewayPaths(problemFailure), ...incomingPaths(openaiFailure) },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problemSchema },
    },
  }
}

function operation({ summary, permission, query, filters, body, answer, path, readOnly }: Resource): object {
  const failure = path.startsWith('/v1/') ? openaiFailure : problemFailure
  return {
    summary,
    ...(readOnly === undefined ? {} : { description: readOnly }),
    ...(permission === 'open' ? {} : { security: [{ token: [] }] }),
    parameters: [...pathParameters(path), ...queryParameters(query), ...(filters === 'none' ? [] : filterParameters())],
    ...(body === null
      ? {}
      : { requestBody: { content: { 'application/json': { schema: schemaOf(body, 'input') } }, required: true } }),
    responses: {
      200: { description: 'The answer', content: { 'application/json': { schema: schemaOf(answer, 'output') } } },
      default: failure,
    },
  }
}

function pathParameters(path: string): object[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters(query: Resource['query']): object[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, described]) => {
    const { description, ...schema } = typeof described === 'boolean' ? {} : described
    return { name, in: 'query', required: required.includes(name), ...(description ? { description } : {}), schema }
  })
}

/** One for each field, and one that stands for tags, whose names are the caller's. */
function filterParameters(): object[] {
  const operators =
    'Repeated: any of them. With .not: none of them. With .eq: a name that ends in such a word, as of a tag env.not.'
  const ordered = `${operators} Also .gt, .gte, .lt, .lte.`
  const several = (schema: object) => ({ type: 'array', items: schema })
  return recordFieldNames.map((name) => {
    const { kind } = recordFields[name]
    const described = kind === 'text' || kind === 'flag' ? operators : ordered
    const schema = kind === 'flag' ? { type: 'boolean' } : { type: 'string' }
    return { name: `filter.${name}`, in: 'query', required: false, description: described, schema: several(schema) }
  })
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' })
  return described
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    parameter: { type: 'string' },
    expected: { type: 'string' },
  },
}

const problemFailure = {
  description: 'What is wrong (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

const openaiFailure = {
  description: "What is wrong, in the shape of OpenAI's errors",
  content: {
    'application/json': {
      schema: {
        type: 'object',
        properties: {
          error: {
            type: 'object',
            properties: {
              message: { type: 'string' },
              type: { type: 'string' },
              param: { type: ['string', 'null'] },
              code: { type: 'string' },
            },
          },
        },
      },
    },
  },
}
