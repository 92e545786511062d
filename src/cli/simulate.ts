import { Command, InvalidArgumentError, Option } from 'commander'

interface SimulateOptions {
  readonly listen?: { readonly host: string; readonly port: number }
  readonly socketPath?: string
  readonly seed: number
  readonly timing: { readonly ttftMs: number; readonly tokensPerSecond: number; readonly speed: number }
  readonly replayDir?: string
  readonly billFile?: string
  readonly faultsFile?: string
}

interface Simulating {
  readonly address: string
  readonly recordings: number
  close(): Promise<void>
}

type StartSimulator = (options: SimulateOptions) => Promise<Simulating>

const more = `
Failures on demand, in the header "x-simulate: …" or anywhere in a prompt as [[simulate: …]]:
  status=429 retry-after=1 times=2   the first two attempts fail (same x-simulate-id, or key=…)
  html  message=…                    a web page; other words
  reset=before-headers|after-headers|N   the connection is reset, or after N events
  stall=before-headers|N stall-ms=…  silence, for good or so long
  malformed=N half=N end=N error=N   a bad event, half an event, an early end, an error event
  no-usage repeat-usage=3 gzip content-length=-10 cut=7 drip=5
  tokens=500 reasoning=64 input=9000 cached=4096 searches=2 text=hello
  speed=0 ttft=300 tps=50            pace of this one answer
  replay=provider/file               a recording, with --replay

Its own address: GET /_simulator/bill, GET /_simulator/requests, GET|PUT|DELETE /_simulator/faults.`

interface Options {
  readonly listen: { host: string; port: number }
  readonly socket?: string
  readonly seed: number
  readonly speed: number
  readonly ttft: number
  readonly tokensPerSecond: number
  readonly replay?: string
  readonly bill?: string
  readonly faults?: string
}

/** `tollgate simulate`: a provider made of nothing, that keeps an exact bill. Ends on SIGTERM or SIGINT. */
export function simulateCommand(start: StartSimulator): Command {
  return new Command('simulate')
    .description(
      'Run the simulated provider: OpenAI, Anthropic and Gemini protocols, failures on demand, an exact bill.',
    )
    .addOption(
      new Option('-l, --listen <host:port>', 'address and port')
        .argParser(parseListen)
        .default({ host: '127.0.0.1', port: 4010 }, '127.0.0.1:4010'),
    )
    .addOption(new Option('--socket <path>', 'a Unix socket instead of an address').conflicts('listen'))
    .option('--seed <number>', 'the same seed and requests give the same answers', parseNumber, 1)
    .option('--speed <factor>', 'times as fast; 0 = without any waiting', parseNumber, 1)
    .option('--ttft <ms>', 'time to the first token', parseNumber, 20)
    .option('--tokens-per-second <rate>', 'speed of generation', parsePositive, 200)
    .option('--replay <folder>', 'answer from recorded exchanges where one fits')
    .option('--bill <file>', 'append the bill to this file, a line of JSON a request')
    .option('--faults <file>', 'a fault plan: [{"path"?, "model"?, "directives", "times"?, "probability"?}]')
    .addHelpText('after', more)
    .action(async (options: Options) => {
      const running = await start(startOptions(options))
      process.stdout.write(banner(running, options))
      await stopSignal()
      await running.close()
    })
}

function startOptions(options: Options): SimulateOptions {
  return {
    ...(options.socket === undefined ? { listen: options.listen } : { socketPath: options.socket }),
    seed: options.seed,
    timing: { ttftMs: options.ttft, tokensPerSecond: options.tokensPerSecond, speed: options.speed },
    ...(options.replay === undefined ? {} : { replayDir: options.replay }),
    ...(options.bill === undefined ? {} : { billFile: options.bill }),
    ...(options.faults === undefined ? {} : { faultsFile: options.faults }),
  }
}

function banner(running: Simulating, options: Options): string {
  const isUrl = running.address.startsWith('http')
  const target = isUrl ? running.address : `--unix-socket ${running.address} http://localhost`
  const lines = [
    `simulated provider on ${running.address}`,
    '  OpenAI     /v1/chat/completions, responses, completions, embeddings, images, audio, moderations, models, files, batches',
    '  Anthropic  /v1/messages, count_tokens, batches, models',
    '  Gemini     /v1beta/models/{model}:generateContent, streamGenerateContent, embedContent, countTokens',
    `  bill       ${options.bill ?? 'in memory'}; GET /_simulator/bill`,
    ...(options.replay === undefined ? [] : [`  replay     ${running.recordings} recordings from ${options.replay}`]),
    '',
    `curl ${target}/v1/chat/completions -H 'Authorization: Bearer any' -H 'content-type: application/json' \\`,
    `  -d '{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"Hello"}]}'`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535) throw new InvalidArgumentError('expected host:port, for example 127.0.0.1:4010')
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port }
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('expected a number of 0 or more')
  return value
}

function parsePositive(text: string): number {
  const value = parseNumber(text)
  if (value === 0) throw new InvalidArgumentError('expected a number above 0')
  return value
}
