import type { MountPanel } from 'cupboard/sdk/panel';

const mount: MountPanel = (element) => {
  element.textContent = 'Weather';
  return () => element.replaceChildren();
};
export default mount;
