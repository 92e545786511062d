import { lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** An address that receivers may not have. */
export class AddressRefused extends Error {
  readonly code = 'address_refused'

  constructor() {
    // The address is left out: it would tell whoever set the receiver what a name means inside this network.
    super('the address is a private one, and alerts.allow_private_urls is off')
    this.name = 'AddressRefused'
  }
}

// https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry: what is not reachable
// from everywhere. Addresses of cloud metadata are among them (169.254.169.254, fd00:ec2::254, 100.100.100.200,
// 192.0.0.192), but for Azure's.
const ipv4Ranges = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  '168.63.129.16/32',
]
// `::/96` holds the unspecified address, loopback and the IPv4-compatible ones; 2001::/23 has Teredo in it.
const ipv6Ranges = [
  ...['::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '5f00::/16'],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
]

const blocked = new BlockList()
for (const [family, ranges] of [['ipv4', ipv4Ranges] as const, ['ipv6', ipv6Ranges] as const]) {
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/')
    blocked.addSubnet(network, Number(prefix), family)
  }
}
/** All that is given out to be reached from everywhere: https://www.iana.org/assignments/ipv6-address-space */
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')
/** Addresses that have an IPv4 address in their last 32 bits: mapped ones, and NAT64's (RFC 6052). */
const embedding = new BlockList()
embedding.addSubnet('::ffff:0:0', 96, 'ipv6')
embedding.addSubnet('64:ff9b::', 96, 'ipv6')

/** Whether an IP address is one that everybody can reach. False for what is not an IP address. */
export function isPublicAddress(address: string): boolean {
  const [bare = ''] = address.split('%')
  const family = isIP(bare)
  if (family === 4) return !blocked.check(bare, 'ipv4')
  if (family !== 6 || blocked.check(bare, 'ipv6')) return false
  if (embedding.check(bare, 'ipv6')) return !blocked.check(embeddedIpv4(bare), 'ipv4')
  return unicast.check(bare, 'ipv6')
}

/** The last 32 bits of an IPv6 address, dotted. */
function embeddedIpv4(address: string): string {
  // The URL parser writes addresses in one form: shortest, in hexadecimal.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':')
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group === '' ? '0' : group, 16))
  return [high, low].flatMap((group = 0) => [group >> 8, group & 255]).join('.')
}

export interface AddressGuard {
  /** To be asked before a connection to a host, since an address is not looked up: why there is to be none; otherwise null. */
  check(host: string): AddressRefused | null
  /** Resolves as the system does, and leaves out what is not public: the socket connects to what was checked. */
  readonly lookup: LookupFunction
}

/** @param resolve in place of the system's resolver. */
export function guardAddresses(allowPrivate: boolean, resolve: LookupFunction = systemLookup): AddressGuard {
  if (allowPrivate) return { check: () => null, lookup: resolve }
  return {
    check(host) {
      const bare = host.replace(/^\[|\]$/g, '')
      return isIP(bare) !== 0 && !isPublicAddress(bare) ? new AddressRefused() : null
    },
    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, [])
        const all = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
        const allowed = all.filter(({ address }) => isPublicAddress(address))
        const [first] = allowed
        if (first === undefined) return callback(new AddressRefused(), [])
        if (options.all === true) return callback(null, allowed)
        callback(null, first.address, first.family)
      })
    },
  }
}
