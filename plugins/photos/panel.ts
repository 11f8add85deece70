import type { MountPanel } from 'cupboard/sdk/panel';

/** The page of the plugin. */
const mountPanel: MountPanel = (element) => {
  const heading = document.createElement('h2');
  heading.textContent = 'Photos';
  element.append(heading);
  return () => heading.remove();
};
export default mountPanel;
