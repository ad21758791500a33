export type { Refusal, RefusalForm } from './refusal.ts';
export type { GetRoute, HttpAnswer, HttpRoute, JsonRequest, PostRoute, RouteRequest } from './route.ts';
export { type HttpRuntime, type ServeHttpOptions, serveHttp } from './serve-http.ts';
export { type HttpServer, type HttpServerOptions, startHttpServer } from './server.ts';
export { JSON_DEPTH_MAX } from './strict-json.ts';
