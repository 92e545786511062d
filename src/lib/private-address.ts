/**
 * Whether the text is an IP address that does not lead into the public internet: loopback, private, link-local, shared,
 * reserved, multicast or unspecified (https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-). IPv4
 * inside IPv6 (mapped, translated) is judged as IPv4. False for names, and for what is no address.
 */
export function isPrivateAddress(text: string): boolean {
  const bare = text.replace(/^\[|\]$/g, '')
  const v4 = readV4(bare)
  if (v4 !== null) return isPrivateV4(v4)
  const v6 = readV6(bare)
  return v6 !== null && isPrivateV6(v6)
}

/** Whether the name is one that always stands for this machine (RFC 6761). */
export function isLocalName(host: string): boolean {
  return /^(?:.+\.)?localhost\.?$/i.test(host)
}

/** Whether what listens on this address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (isLocalName(host)) return true
  const bare = host.replace(/^\[|\]$/g, '')
  const v4 = readV4(bare)
  if (v4 !== null) return isLoopbackV4(v4)
  const groups = readV6(bare)
  if (groups === null) return false
  const [mapped = 0, high = 0, low = 0] = groups.slice(5)
  if (groups.slice(0, 5).some((group) => group !== 0)) return false
  return mapped === 0xffff ? isLoopbackV4(high * 65_536 + low) : mapped === 0 && high === 0 && low === 1
}

function isLoopbackV4(address: number): boolean {
  return Math.floor(address / 2 ** 24) === 127
}

/** First address and number of leading bits. */
const privateV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
]
const ranges = privateV4.map(([first, bits]) => ({ first: readV4(first) ?? 0, size: 2 ** (32 - bits) }))

function isPrivateV4(address: number): boolean {
  return ranges.some(({ first, size }) => address >= first && address < first + size)
}

function readV4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return null
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

function isPrivateV6(groups: readonly number[]): boolean {
  const [first = 0, second = 0] = groups
  const tail = (groups[6] ?? 0) * 65_536 + (groups[7] ?? 0)
  const zeros = (count: number) => groups.slice(0, count).every((group) => group === 0)
  if (zeros(5) && groups[5] === 0xffff) return isPrivateV4(tail)
  if (first === 0x64 && second === 0xff9b) return isPrivateV4(tail)
  // Unspecified, loopback and the deprecated IPv4-compatible addresses.
  if (zeros(6)) return true
  const unique = (first & 0xfe00) === 0xfc00
  const linkOrSite = (first & 0xff80) === 0xfe80
  return unique || linkOrSite || first >= 0xff00
}

function readV6(text: string): number[] | null {
  const zoneless = text.replace(/%.*$/, '')
  const dotted = /^(.*:)(\d[\d.]*)$/.exec(zoneless)
  const v4 = dotted === null ? null : readV4(dotted[2] ?? '')
  const plain =
    dotted === null || v4 === null
      ? zoneless
      : `${dotted[1]}${Math.floor(v4 / 65_536).toString(16)}:${(v4 % 65_536).toString(16)}`
  const halves = plain.split('::')
  if (halves.length > 2 || !plain.includes(':')) return null
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  const groups = [...head, ...Array<string>(Math.max(missing, 0)).fill('0'), ...tail]
  return groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : null
}
