export { NoAnswer, postSigned, type SignedAnswer, type SignedPost } from './signed-post.ts';
