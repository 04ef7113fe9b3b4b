export { feeOwnerOf, termsOfSet } from '../../market/notary/books/epoch-entry.ts'
