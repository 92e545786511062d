/**
 * How Node.js is told to run the gateway: what a call allocates dies with it, so a larger nursery lets it die there
 * instead of being copied. The old generation stays small, which the memory target of a gateway asks for.
 */
export const gatewayFlags: readonly string[] = ['--max-semi-space-size=8']
