import type { TestContext } from 'node:test'
import type { Command } from 'commander'
import type { FastifyInstance } from 'fastify'
import type { OpenConsoleLink } from '#cli/console-link.ts'

export interface Printed {
  readonly stdout: string
  readonly stderr: string
  readonly code: number
}

/** The way of commands to a console in this process. */
export function linkTo(app: FastifyInstance, holdsDirectory = false): OpenConsoleLink {
  return async () => ({
    holdsDirectory,
    async get(url) {
      const { statusCode, headers, body } = await app.inject({ url })
      return { status: statusCode, fresh: headers['x-tollgate-fresh'] !== 'false', body }
    },
    send: () => Promise.reject(new Error('nothing is changed')),
    close: async () => undefined,
  })
}

/** Runs a command in this process. */
export async function runCommand(t: TestContext, command: Command, args: readonly string[]): Promise<Printed> {
  return await printedBy(t, () => command.parseAsync(args, { from: 'user' }))
}

/** What is no text on the outputs is the test runner's. */
export async function printedBy(t: TestContext, run: () => Promise<unknown>): Promise<Printed> {
  const printed = { stdout: '', stderr: '' }
  const watched = (['stdout', 'stderr'] as const).map((name) => {
    const write = process[name].write.bind(process[name])
    return t.mock.method(process[name], 'write', (chunk: string | Uint8Array) => {
      if (typeof chunk !== 'string') return write(chunk)
      printed[name] += chunk
      return true
    })
  })
  const codeBefore = process.exitCode
  process.exitCode = undefined
  try {
    await run()
    return { ...printed, code: Number(process.exitCode ?? 0) }
  } finally {
    for (const { mock } of watched) mock.restore()
    process.exitCode = codeBefore
  }
}
