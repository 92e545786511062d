/** Of so many UTF-16 code units further versions are not named: what a provider lists may have no end. */
const mostNamed = 2_000

const further = '…'

/** The price versions of two parts of a cost as one text, each once; `…` stands for those that are not named. */
export function joinVersions(a: string, b: string): string {
  if (a === b || b === '') return a
  if (a === '') return b
  const versions = new Set(a.split('; '))
  for (const version of b.split('; ')) versions.add(version)
  let cut = versions.delete(further)
  let text = ''
  for (const version of versions) {
    if (text !== '' && text.length + version.length > mostNamed) cut = true
    else text = text === '' ? version : `${text}; ${version}`
  }
  return cut ? `${text}; ${further}` : text
}
