import type { MountPanel, PanelApi } from 'cupboard/sdk/panel';
import { html, LitElement } from 'lit';

/** The page of photo-backup, put together from the parts in panel/. */
class PhotoBackupPanel extends LitElement {
  api!: PanelApi;

  /** In the page itself, so that its style sheet applies. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render() {
    return html`<p class="note">No target yet. <a href="/plugin/${this.api.plugin}">Add one under Targets in the settings.</a></p>`;
  }
}
customElements.define('photo-backup-panel', PhotoBackupPanel);

const mount: MountPanel = (element, api) => {
  const panel = new PhotoBackupPanel();
  panel.api = api;
  element.append(panel);
  return () => panel.remove();
};
export default mount;
