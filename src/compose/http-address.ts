/** The address of a listener as people and clients write it: an IPv6 address stands in brackets. */
export function httpAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
