// The container's health check: code 0 where the gateway is ready for calls. Nothing else in the image speaks HTTP.
import { request } from 'node:http'

const port = /:(\d+)$/.exec(process.env['TOLLGATE_LISTEN'] ?? '')?.[1] ?? '4000'
const asked = request({ host: '127.0.0.1', port, path: '/ready', timeout: 4_000 }, (answer) => {
  answer.setEncoding('utf8')
  answer.on('data', (text) => process.stdout.write(text))
  process.exitCode = answer.statusCode === 200 ? 0 : 1
})
asked.on('timeout', () => asked.destroy(new Error('no answer within 4 s')))
asked.on('error', (error) => {
  process.stdout.write(`${error.message}\n`)
  process.exitCode = 1
})
asked.end()
