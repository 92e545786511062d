import type { ReportedPass, ReportedUsage } from './reported.ts'
import { type TokenTotals, tokensTogether } from './totals.ts'

/**
 * Token counts that do not overlap: each token stands in exactly one of them, so that each is priced exactly once.
 * All are whole numbers ≥ 0. The ten input counts add up to the whole input, the five output counts to the output.
 */
export interface DisjointCounts {
  readonly textInput: number
  readonly audioInput: number
  readonly imageInput: number
  readonly videoInput: number
  readonly textCached: number
  readonly audioCached: number
  readonly imageCached: number
  readonly videoCached: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly textOutput: number
  readonly reasoning: number
  readonly audioOutput: number
  readonly imageOutput: number
  readonly videoOutput: number
}

export type TokenKind = keyof DisjointCounts

/** Why counts were corrected. A set, because several passes of one call may have the same fault. */
type UsageMarks = Set<string>

/**
 * Takes the wholes and parts of a report apart. Where they contradict each other the part is cut to its whole, the
 * whole is kept, and the contradiction is added to `marks`. Pure but for `marks`.
 */
export function disjointCounts(usage: ReportedUsage | ReportedPass, marks: UsageMarks): DisjointCounts {
  const input = inputParts(usage, marks)
  const output = outputParts(usage, marks)
  if (leavesTokensOut(usage)) marks.add('total_over_counts')
  // Spelled out because spreading two objects costs more than everything else here, on every call.
  return {
    textInput: input.textInput,
    audioInput: input.audioInput,
    imageInput: input.imageInput,
    videoInput: input.videoInput,
    textCached: input.textCached,
    audioCached: input.audioCached,
    imageCached: input.imageCached,
    videoCached: input.videoCached,
    cacheWrite5m: input.cacheWrite5m,
    cacheWrite1h: input.cacheWrite1h,
    textOutput: output.textOutput,
    reasoning: output.reasoning,
    audioOutput: output.audioOutput,
    imageOutput: output.imageOutput,
    videoOutput: output.videoOutput,
  }
}

/**
 * The total has tokens that neither input nor output has: what they were, nobody says, but of vendors that are known to
 * leave them out. Relays to models that think are such cases.
 */
function leavesTokensOut({ totalTokens, inputTokens, outputTokens, outputTokensLeftOut = 0 }: ReportedUsage): boolean {
  if (totalTokens === undefined || inputTokens === undefined || outputTokens === undefined) return false
  return totalTokens > inputTokens + outputTokens + outputTokensLeftOut
}

/** All prompt tokens: what context tiers are measured by. */
export function wholeInput(c: DisjointCounts): number {
  return c.textInput + c.audioInput + c.imageInput + c.videoInput + cachedInput(c) + c.cacheWrite5m + c.cacheWrite1h
}

function cachedInput(c: DisjointCounts): number {
  return c.textCached + c.audioCached + c.imageCached + c.videoCached
}

export function wholeOutput(c: DisjointCounts): number {
  return c.textOutput + c.reasoning + c.audioOutput + c.imageOutput + c.videoOutput
}

/** The totals that the record shows, with the counts of one pass added to those of the passes before it. */
export function addToTotals(t: TokenTotals, c: DisjointCounts): TokenTotals {
  return {
    input: tokensTogether(t.input, wholeInput(c)),
    cachedInput: tokensTogether(t.cachedInput, cachedInput(c)),
    cacheWrite5m: tokensTogether(t.cacheWrite5m, c.cacheWrite5m),
    cacheWrite1h: tokensTogether(t.cacheWrite1h, c.cacheWrite1h),
    output: tokensTogether(t.output, wholeOutput(c)),
    reasoning: tokensTogether(t.reasoning, c.reasoning),
    inputAudio: tokensTogether(t.inputAudio, c.audioInput + c.audioCached),
    outputAudio: tokensTogether(t.outputAudio, c.audioOutput),
    inputImage: tokensTogether(t.inputImage, c.imageInput + c.imageCached),
    outputImage: tokensTogether(t.outputImage, c.imageOutput),
  }
}

/**
 * What tokens are billed by where that is not what was counted: Cohere's `billed_units` leave out its own preamble.
 * Null = what was counted is what is billed.
 */
export function billedCounts(usage: ReportedUsage | ReportedPass, marks: UsageMarks): DisjointCounts | null {
  if (usage.billedInputTokens === undefined && usage.billedOutputTokens === undefined) return null
  return {
    ...nothing,
    textInput: count(usage.billedInputTokens, marks),
    textOutput: count(usage.billedOutputTokens, marks),
  }
}

export const nothing: DisjointCounts = {
  textInput: 0,
  audioInput: 0,
  imageInput: 0,
  videoInput: 0,
  textCached: 0,
  audioCached: 0,
  imageCached: 0,
  videoCached: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  textOutput: 0,
  reasoning: 0,
  audioOutput: 0,
  imageOutput: 0,
  videoOutput: 0,
}

type InputKind = Exclude<TokenKind, OutputKind>
type OutputKind = 'textOutput' | 'reasoning' | 'audioOutput' | 'imageOutput' | 'videoOutput'

function inputParts(usage: ReportedUsage | ReportedPass, marks: UsageMarks): Pick<DisjointCounts, InputKind> {
  const reportedCached = count(usage.cachedInputTokens, marks)
  const writes = cacheWrites(usage, marks)
  const audio = count(usage.audioInputTokens, marks)
  const image = count(usage.imageInputTokens, marks)
  const video = count(usage.videoInputTokens, marks)
  const whole = wholeOr(
    usage.inputTokens,
    Math.max(reportedCached + writes.total, count(usage.textInputTokens, marks) + audio + image + video),
    'input_not_reported',
    marks,
  )
  const cached = clamp(reportedCached, whole, 'cached_over_input', marks)
  const written = clamp(writes.total, whole - cached, 'cache_write_over_input', marks)
  const cacheWrite1h = Math.min(writes.hour, written)

  const audioWhole = clamp(audio, whole, 'modality_over_input', marks)
  const imageWhole = clamp(image, whole - audioWhole, 'modality_over_input', marks)
  const videoWhole = clamp(video, whole - audioWhole - imageWhole, 'modality_over_input', marks)

  // A part of the prompt that is audio may also have been cached, and few providers say how much of it was.
  const fresh = new Room(whole - cached - written)
  const reused = new Room(cached)
  const audioCached = cachedPart(usage.audioCachedTokens, audioWhole, reused, marks)
  const imageCached = cachedPart(usage.imageCachedTokens, imageWhole, reused, marks)
  const videoCached = cachedPart(usage.videoCachedTokens, videoWhole, reused, marks)
  const audioInput = fresh.take(audioWhole - audioCached)
  const imageInput = fresh.take(imageWhole - imageCached)
  const videoInput = fresh.take(videoWhole - videoCached)
  // What found no room among the fresh tokens must have been cached, or written to the cache (then it counts there).
  const audioReused = audioCached + reused.take(audioWhole - audioCached - audioInput)
  const imageReused = imageCached + reused.take(imageWhole - imageCached - imageInput)
  const videoReused = videoCached + reused.take(videoWhole - videoCached - videoInput)
  return {
    textInput: fresh.left,
    audioInput,
    imageInput,
    videoInput,
    textCached: reused.left,
    audioCached: audioReused,
    imageCached: imageReused,
    videoCached: videoReused,
    cacheWrite5m: written - cacheWrite1h,
    cacheWrite1h,
  }
}

function outputParts(usage: ReportedUsage | ReportedPass, marks: UsageMarks): Pick<DisjointCounts, OutputKind> {
  const reportedReasoning = count(usage.reasoningTokens, marks)
  const audio = count(usage.audioOutputTokens, marks)
  const image = count(usage.imageOutputTokens, marks)
  const video = count(usage.videoOutputTokens, marks)
  const leftOut = count(usage.outputTokensLeftOut, marks)
  if (leftOut > 0) marks.add('output_left_out')
  const reported = wholeOr(
    usage.outputTokens,
    reportedReasoning + count(usage.textOutputTokens, marks) + audio + image + video,
    'output_not_reported',
    marks,
  )
  const whole = reported + leftOut
  const audioOutput = clamp(audio, whole, 'modality_over_output', marks)
  const imageOutput = clamp(image, whole - audioOutput, 'modality_over_output', marks)
  const videoOutput = clamp(video, whole - audioOutput - imageOutput, 'modality_over_output', marks)
  const spoken = whole - audioOutput - imageOutput - videoOutput
  const reasoning = clamp(reportedReasoning, spoken, 'reasoning_over_output', marks)
  return { textOutput: spoken - reasoning, reasoning, audioOutput, imageOutput, videoOutput }
}

/**
 * A total without a split was written for five minutes, the default of the one API that has two lifetimes. Where the
 * total is larger than its split, a later event let only the total grow, and that growth is taken for five minutes too
 * (the split may stand only in a stream's first event).
 */
function cacheWrites(usage: ReportedUsage | ReportedPass, marks: UsageMarks): { total: number; hour: number } {
  const minutes = count(usage.cacheWrite5mTokens, marks)
  const hour = count(usage.cacheWrite1hTokens, marks)
  if (usage.cacheWriteTokens === undefined) return { total: minutes + hour, hour }
  const total = count(usage.cacheWriteTokens, marks)
  if (minutes + hour > total) marks.add('cache_write_split_over_total')
  return { total, hour: Math.min(hour, total) }
}

function cachedPart(reported: number | undefined, whole: number, reused: Room, marks: UsageMarks): number {
  if (reported === undefined) return 0
  const wanted = count(reported, marks)
  const part = reused.take(Math.min(wanted, whole))
  if (part < wanted) marks.add('cached_modality_over_cached')
  return part
}

/** Tokens of a whole that are not yet spoken for. */
class Room {
  left: number

  constructor(left: number) {
    this.left = left
  }

  take(wanted: number): number {
    const taken = Math.min(wanted, this.left)
    this.left -= taken
    return taken
  }
}

function wholeOr(reported: number | undefined, parts: number, mark: string, marks: UsageMarks): number {
  if (reported !== undefined) return count(reported, marks)
  if (parts > 0) marks.add(mark)
  return parts
}

function clamp(part: number, whole: number, mark: string, marks: UsageMarks): number {
  if (part <= whole) return part
  marks.add(mark)
  return whole
}

/** Absent counts add nothing; one that is no count (negative, a fraction, beyond exact numbers) is marked as well. */
function count(value: number | undefined, marks: UsageMarks): number {
  if (value === undefined) return 0
  if (Number.isSafeInteger(value) && value >= 0) return value
  marks.add('count_invalid')
  return 0
}
