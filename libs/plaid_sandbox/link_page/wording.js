// What Link says when something failed.

const SENTENCES = {
  INVALID_LINK_TOKEN: "Nothing was connected. Close this window and begin again.",
  INVALID_UPDATED_USERNAME: "Sign in with the user name that you connected this bank with.",
  OAUTH_STATE_ID_NOT_FOUND: "We lost track of your visit to the bank. Close this window and begin again.",
};

const asSentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/([^.!?])$/, "$1.");

// Errors that another try with other credentials may cure.
export const isAboutCredentials = ({ body }) =>
  ["INVALID_CREDENTIALS", "INVALID_UPDATED_USERNAME"].includes(body.error_code);

export const isAboutBank = ({ body }) => body.error_type === "INSTITUTION_ERROR";

// Plaid writes display_message for people and error_message for developers.
export function explain({ body }) {
  return SENTENCES[body.error_code] ?? asSentence(body.display_message || body.error_message);
}

export function titleOf({ body }, bank) {
  if (body.error_code === "INVALID_LINK_TOKEN") return "This session has ended";
  if (body.error_code === "INSTITUTION_NO_LONGER_SUPPORTED") return `${bank} cannot be connected any more`;
  return body.error_type === "INSTITUTION_ERROR" ? `${bank} does not answer` : "That did not work";
}
