/**
 * The plain decimal of a JSON number's text, times ten to the power of `shift`, exactly and without needless zeros:
 * `5.37e-06` → `0.00000537`, and `731000` shifted by -10 → `0.0000731`. Null where the text is no JSON number or its
 * exponent is absurd.
 */
export function plainDecimal(text: string, shift = 0): string | null {
  const parts = numberPattern.exec(text)
  if (parts === null) return null
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = parts
  const exponent = Number(exponentText) + shift
  if (Math.abs(exponent) > maxExponent) return null
  const digits = whole + fraction
  const point = whole.length + exponent
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const at = Math.max(point, 1)
  const wholePart = padded.slice(0, at).replace(/^0+(?=\d)/, '')
  const fractionPart = padded.slice(at).replace(/0+$/, '')
  const plain = fractionPart === '' ? wholePart : `${wholePart}.${fractionPart}`
  return plain === '0' ? '0' : sign + plain
}

const numberPattern = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/

/** Far beyond any amount of money, far below what would make a text a burden. */
const maxExponent = 60
