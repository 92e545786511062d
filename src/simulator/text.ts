/** Some letters outside ASCII on purpose: bytes of one character arrive in different reads, and must survive that. */
const words = (
  'the a this that one each every some most time way day year thing part place case point call meter toll gate road ' +
  'bridge river ledger entry line page book price rate token word answer question reason result number count sum ' +
  'total share limit window hour minute second morning evening north south east west light water stone wood paper ' +
  'letter signal stream source channel journey market harbour city village garden window table small large quick slow ' +
  'early late clear simple exact honest plain steady quiet careful useful common local open closed first last next ' +
  'is was has can may will goes comes keeps holds carries counts shows tells reads writes passes follows begins ends ' +
  'and or but so then also still only again always often here there with without under over between before after ' +
  'café naïve Zürich Việt 東京 größer señal 🙂 — …'
).split(' ')

const opening = ['This', ' is', ' a', ' simulated', ' answer', '.']

/** One piece a token: `tokens` pieces that read like a text when put together. Pure. */
export function writePieces(random: () => number, tokens: number): string[] {
  const pieces = opening.slice(0, tokens)
  let sentence = 0
  while (pieces.length < tokens) {
    if (sentence > 6 && random() < 0.2) {
      pieces.push('.')
      sentence = 0
      continue
    }
    const word = words[Math.floor(random() * words.length)] ?? 'word'
    pieces.push(sentence === 0 ? ` ${word.charAt(0).toUpperCase()}${word.slice(1)}` : ` ${word}`)
    sentence++
  }
  return pieces
}

/** Cuts a text into pieces of four characters, each counted as one token. */
export function cutPieces(text: string): string[] {
  const characters = [...text]
  const pieces: string[] = []
  for (let i = 0; i < characters.length; i += 4) pieces.push(characters.slice(i, i + 4).join(''))
  return pieces
}

/** What this provider's tokenizer makes of a text: a token for every four UTF-16 units begun. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4)
}
