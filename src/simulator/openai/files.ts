import { type Answer, plainAnswer } from '../answer.ts'
import { type Call, nowS } from '../call.ts'
import { fileOf, readForm } from '../multipart.ts'
import { Refusal } from '../refusal.ts'
import type { StoredFile } from '../shelf.ts'

/** `POST /v1/files`. */
export function createFile(call: Call): Answer {
  const form = readForm(call.received)
  if (form === null) throw new Refusal(400, 'Expected multipart/form-data.')
  const { name, content } = fileOf(form)
  const id = `file-${call.id}`
  const purpose = form.fields.get('purpose') ?? 'user_data'
  const file = {
    id,
    object: 'file',
    bytes: content.length,
    created_at: nowS(call),
    filename: name,
    purpose,
    status: 'processed',
  }
  call.world.files.put(id, { file, content })
  return plainAnswer(id, file)
}

export function listFiles(call: Call): Answer {
  const data = call.world.files.all().map(({ file }) => file)
  return plainAnswer(`req_${call.id}`, { object: 'list', data, has_more: false })
}

export function getFile(call: Call): Answer {
  return plainAnswer(`req_${call.id}`, storedFile(call).file)
}

export function fileContent(call: Call): Answer {
  const headers = { 'content-type': 'application/octet-stream' }
  const body = storedFile(call).content
  return { status: 200, headers, body, id: `req_${call.id}`, charge: null, repeatable: false }
}

export function deleteFile(call: Call): Answer {
  storedFile(call)
  call.world.files.remove(call.params[0] ?? '')
  return plainAnswer(`req_${call.id}`, { id: call.params[0], object: 'file', deleted: true })
}

function storedFile(call: Call): StoredFile {
  const found = call.world.files.get(call.params[0] ?? '')
  if (!found) throw new Refusal(404, `No such File object: ${call.params[0]}`, null, 'id')
  return found
}
