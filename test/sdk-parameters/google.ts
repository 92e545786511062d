import { all, type Surface } from './sorted.ts'

const file = '@google/genai/dist/genai.d.ts'
const generate = '/v1beta/models/gemini-2.5-flash:generateContent'
const contents = [{ parts: [{ text: 'Hi' }] }]

export const googleSurfaces: readonly Surface[] = [
  {
    file,
    name: 'GenerateContentConfig',
    path: generate,
    base: { contents },
    inside: 'generationConfig',
    members: {
      maxOutputTokens: 'fact',
      ...all('httpOptions abortSignal automaticFunctionCalling automaticContinuation', 'elsewhere'),
      ...all('systemInstruction temperature topP topK stopSequences responseLogprobs logprobs presencePenalty', 'text'),
      ...all(
        'frequencyPenalty seed responseMimeType responseSchema responseJsonSchema safetySettings toolConfig',
        'text',
      ),
      ...all('labels mediaResolution speechConfig audioTimestamp audioTranscriptionConfig imageConfig', 'text'),
      ...all('enableEnhancedCivicAnswers modelArmorConfig generationOutputConfig store', 'text'),
      cachedContent: { open: 'cachedContents/1' },
      candidateCount: { moves: 'answers', by: 3 },
      continuationToken: { moves: 'inputUnbounded', by: 'QUJD' },
      modelSelectionConfig: { open: { featureSelectionPreference: 'PRIORITIZE_QUALITY' } },
      responseModalities: { moves: 'hiddenOutput', by: ['TEXT', 'IMAGE'] },
      routingConfig: { open: { manualMode: { modelName: 'gemini-2.5-pro' } } },
      serviceTier: { moves: 'serviceTier', by: 'priority' },
      thinkingConfig: { moves: 'hiddenOutput', by: { thinkingBudget: 100 } },
      tools: { open: [{ googleSearch: {} }] },
    },
  },
  {
    file,
    name: 'Tool',
    path: generate,
    base: { contents },
    inside: 'tools',
    members: {
      ...all('functionDeclarations computerUse', 'text'),
      codeExecution: { open: {} },
      enterpriseWebSearch: { open: {} },
      exaAiSearch: { open: {} },
      fileSearch: { open: {} },
      googleMaps: { open: {} },
      googleSearch: { open: {} },
      googleSearchRetrieval: { open: {} },
      mcpServers: { open: [{ name: 'm' }] },
      parallelAiSearch: { open: {} },
      retrieval: { open: {} },
      urlContext: { open: {} },
    },
  },
  {
    file,
    name: 'Part',
    path: generate,
    base: {},
    inside: 'contents',
    members: {
      ...all('mediaResolution toolCall toolResponse audioTranscription codeExecutionResult executableCode', 'text'),
      ...all('functionCall functionResponse text thought thoughtSignature videoMetadata partMetadata', 'text'),
      ...all('mediaProcessing speechMetadata', 'text'),
      fileData: { moves: 'inputUnbounded', by: { fileUri: 'https://example.com/a', mimeType: 'video/mp4' } },
      inlineData: { moves: 'pictures', by: { mimeType: 'image/png', data: 'QUJD' } },
    },
  },
  {
    file,
    name: 'EmbedContentConfig',
    path: '/v1beta/models/gemini-embedding-001:embedContent',
    base: { content: contents[0] },
    inside: 'config',
    members: {
      ...all('httpOptions abortSignal', 'elsewhere'),
      ...all('taskType title outputDimensionality mimeType autoTruncate documentOcr audioTrackExtraction', 'text'),
    },
  },
]
