/** Of the state that an alert store keeps beside the engine's: where the journal was read to. */
export const bookmarkPart = 'bookmark'
/** What began before is not told any more. */
export const toldFromPart = 'told_from_ms'
