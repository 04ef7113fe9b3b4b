// The component: the kernels behind the canonical ABI of protocol/wit/core.wit. The compiler transform in core-wasm/build gives
// each export the name that stands in the `@wit` line above it.

export { cabi_realloc } from './component/memory'
export {
  vectorsIndexAdd,
  vectorsIndexCreate,
  vectorsIndexDrop,
  vectorsIndexRemove,
  vectorsIndexSearch,
  vectorsIndexSearchPost,
  vectorsIndexSize,
} from './component/vectors'
export {
  textsHasherCreate,
  textsHasherDrop,
  textsHasherEmbed,
  textsHasherEmbedPost,
  textsHasherFeatures,
  textsHasherFeaturesPost,
} from './component/texts'
export {
  scoringExpectRoutes,
  scoringExpectRoutesPost,
  scoringModelCreate,
  scoringModelDrop,
  scoringModelScore,
  scoringModelScorePost,
  scoringModelUpdateLogistic,
  scoringModelUpdateSoftmax,
  scoringModelUpdateSoftmaxPost,
} from './component/scoring'
