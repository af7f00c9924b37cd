export { greetingFor } from './greeting.js'
