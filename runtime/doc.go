// Package runtime runs Python workers: it loads a worker's code into CPython,
// answers requests with it, and loads it anew when it changes.
//
// An [Engine] holds what all workers share: the compiled interpreter and the
// base image, in which the interpreter is started and its standard library
// imported. A [Worker] is a project on an engine. [Worker.Reload] imports the
// project's code in an instance of the base image and keeps the memory that
// comes of it as the worker image; [Worker.Do] answers one request in an
// instance mapped copy-on-write from that image, and throws the instance away,
// so that nothing leaks from one request to the next.
//
// What happens on the way is reported as [Event]s, in order, to one observer.
package runtime
