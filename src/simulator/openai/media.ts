import { type Answer, chargeOf, eventHeaders, jsonHeaders, type WireEvent } from '../answer.ts'
import { bodyObject, type Call, modelOf, nowS } from '../call.ts'
import { type Counts, noCounts } from '../counts.ts'
import { type JsonObject, numberOf, objectsOf, textOf } from '../json.ts'
import { silentWav, tinyPngBase64 } from '../media.ts'
import { fileOf, readForm } from '../multipart.ts'
import { hash32, randomFrom } from '../random.ts'
import { Refusal } from '../refusal.ts'
import { countTokens, writePieces } from '../text.ts'

/** `POST /v1/images/generations`. */
export function generateImage(call: Call): Answer {
  return imageAnswer(call, bodyObject(call), 0)
}

/** `POST /v1/images/edits` and `/variations`: JSON with pictures, or a form with files. */
export function editImage(call: Call): Answer {
  const form = readForm(call.received)
  if (form === null) {
    const body = bodyObject(call)
    return imageAnswer(call, body, Math.max(1, objectsOf(body['images']).length))
  }
  const fields: JsonObject = Object.fromEntries([...form.fields].map(([name, value]) => [name, value]))
  return imageAnswer(call, { ...fields, n: Number(form.fields.get('n') ?? 1) }, Math.max(1, form.files.length))
}

const imageTokens: Readonly<Record<string, number>> = { low: 272, medium: 1056, high: 4160, auto: 1056 }

function imageAnswer(call: Call, body: JsonObject, pictures: number): Answer {
  const model = modelOf(body['model'] ?? 'dall-e-3')
  const n = Math.min(Math.max(numberOf(body['n']) ?? 1, 1), 10)
  const base = { id: `req_${call.id}`, status: 200, headers: jsonHeaders, repeatable: false }
  if (!model.name.startsWith('gpt-image')) {
    const asUrl = body['response_format'] !== 'b64_json'
    const one = asUrl ? { url: 'https://example.com/simulated.png' } : { b64_json: tinyPngBase64 }
    const data = Array.from({ length: n }, () => ({ ...one, revised_prompt: body['prompt'] ?? '' }))
    const charge = chargeOf(model, noCounts)
    return { ...base, body: JSON.stringify({ created: nowS(call), data }), charge }
  }
  const textTokens = countTokens(textOf(body['prompt']) ?? '') + 4
  const pictureTokens = n * (imageTokens[textOf(body['quality']) ?? 'auto'] ?? 1056)
  const counts: Counts = {
    ...noCounts,
    inputTokens: textTokens + pictures * 194,
    imageInputTokens: pictures * 194,
    outputTokens: pictureTokens,
    imageOutputTokens: pictureTokens,
  }
  const usage = {
    input_tokens: counts.inputTokens,
    input_tokens_details: { image_tokens: counts.imageInputTokens, text_tokens: textTokens },
    output_tokens: counts.outputTokens,
    output_tokens_details: { image_tokens: counts.imageOutputTokens, text_tokens: 0 },
    total_tokens: counts.inputTokens + counts.outputTokens,
  }
  const answer = {
    created: nowS(call),
    background: 'opaque',
    data: Array.from({ length: n }, () => ({ b64_json: tinyPngBase64 })),
    output_format: 'png',
    quality: body['quality'] ?? 'medium',
    size: body['size'] ?? '1024x1024',
    ...(call.directives.noUsage ? {} : { usage }),
  }
  return { ...base, body: JSON.stringify(answer), charge: chargeOf(model, counts) }
}

/** `POST /v1/audio/speech`: bytes without a count, or events that end in one (`stream_format: sse`). */
export function speech(call: Call): Answer {
  const body = bodyObject(call)
  const model = modelOf(body['model'])
  const input = textOf(body['input'])
  if (input === null) throw new Refusal(400, "Missing required parameter: 'input'.", null, 'input')
  const seconds = Math.max(0.5, input.length / 15)
  const outputTokens = Math.round(seconds * 20)
  const counts: Counts = { ...noCounts, inputTokens: countTokens(input), outputTokens, audioOutputTokens: outputTokens }
  const charge = chargeOf(model, counts)
  const base = { id: `req_${call.id}`, status: 200, charge, repeatable: false }
  if (body['stream_format'] !== 'sse') {
    return { ...base, headers: { 'content-type': speechType(body['response_format']) }, body: silentWav(seconds) }
  }
  const audio = silentWav(Math.min(seconds, 1)).toString('base64').slice(0, 4000)
  const usage = {
    input_tokens: counts.inputTokens,
    output_tokens: outputTokens,
    total_tokens: counts.inputTokens + outputTokens,
  }
  const events: WireEvent[] = [
    { text: dataEvent({ type: 'speech.audio.delta', audio }), outputTokens },
    { text: dataEvent({ type: 'speech.audio.done', ...(call.directives.noUsage ? {} : { usage }) }), outputTokens },
  ]
  return { ...base, headers: eventHeaders, body: events }
}

function speechType(format: unknown): string {
  const types: Readonly<Record<string, string>> = {
    wav: 'audio/wav',
    opus: 'audio/ogg',
    flac: 'audio/flac',
    pcm: 'audio/pcm',
  }
  return types[textOf(format) ?? ''] ?? 'audio/mpeg'
}

function dataEvent(event: JsonObject): string {
  return `data: ${JSON.stringify(event)}\n\n`
}

/** `POST /v1/audio/transcriptions`: whisper bills seconds, the gpt models tokens. */
export function transcription(call: Call): Answer {
  return audioText(call, 'transcribe')
}

/** `POST /v1/audio/translations`. */
export function translation(call: Call): Answer {
  return audioText(call, 'translate')
}

function audioText(call: Call, task: 'transcribe' | 'translate'): Answer {
  const form = readForm(call.received)
  if (form === null) throw new Refusal(400, 'Expected multipart/form-data.', null)
  const { name, content } = fileOf(form)
  const bytes = content.length
  const model = modelOf(form.fields.get('model'))
  const seconds = Math.max(1, Math.round(bytes / 16_000))
  const random = randomFrom(hash32(`${name}${bytes}`, call.world.seed))
  const pieces = writePieces(random, Math.min(200, 6 + seconds * 3))
  const byTime = model.name === 'whisper-1'
  const counts: Counts = byTime
    ? { ...noCounts, audioSeconds: seconds }
    : {
        ...noCounts,
        inputTokens: seconds * 10,
        audioInputTokens: seconds * 10,
        outputTokens: pieces.length,
      }
  const charge = chargeOf(model, counts)
  const base = { id: `req_${call.id}`, status: 200, charge, repeatable: false }
  const usage = usageOf(counts)
  if (form.fields.get('stream') === 'true' && !byTime) {
    return { ...base, headers: eventHeaders, body: transcriptEvents(pieces, call.directives.noUsage ? null : usage) }
  }
  const type = form.fields.get('response_format') ?? 'json'
  if (type === 'text' || type === 'srt' || type === 'vtt') {
    return { ...base, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${pieces.join('')}\n` }
  }
  const shown = call.directives.noUsage || task === 'translate' ? {} : { usage }
  const verbose = type === 'verbose_json' ? verboseOf(task, seconds, pieces) : {}
  return { ...base, headers: jsonHeaders, body: JSON.stringify({ text: pieces.join(''), ...verbose, ...shown }) }
}

function usageOf(counts: Counts): JsonObject {
  if (counts.audioSeconds > 0) return { type: 'duration', seconds: counts.audioSeconds }
  return {
    type: 'tokens',
    total_tokens: counts.inputTokens + counts.outputTokens,
    input_tokens: counts.inputTokens,
    input_token_details: { text_tokens: 0, audio_tokens: counts.audioInputTokens },
    output_tokens: counts.outputTokens,
  }
}

function transcriptEvents(pieces: readonly string[], usage: JsonObject | null): WireEvent[] {
  const events = pieces.map((delta, i) => {
    return { text: dataEvent({ type: 'transcript.text.delta', delta }), outputTokens: i + 1 }
  })
  const done = { type: 'transcript.text.done', text: pieces.join(''), ...(usage === null ? {} : { usage }) }
  return [...events, { text: dataEvent(done), outputTokens: pieces.length }]
}

function verboseOf(task: string, duration: number, pieces: readonly string[]): JsonObject {
  const segment = { id: 0, seek: 0, start: 0, end: duration, text: pieces.join(''), tokens: [], temperature: 0 }
  const certainty = { avg_logprob: -0.25, compression_ratio: 1.1, no_speech_prob: 0.01 }
  return { task, language: 'english', duration, segments: [{ ...segment, ...certainty }] }
}
