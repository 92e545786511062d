import manifest from '../../package.json' with { type: 'json' }

/** Of Tollgate, as `--version`, `/health` and the documents name it. */
export const version: string = manifest.version
