export const noBytes: Buffer = Buffer.alloc(0)
